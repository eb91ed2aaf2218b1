/** A browser at the company's identity provider, for tests: follows redirects, keeps cookies, fills in the one field. */

/** @param start where our page sent it. Answers the address at `home` that it is sent back to, unopened. */
export async function signInAtIdp(start: string, login: string, home: string): Promise<URL> {
  const jar = new Map<string, string>();
  let next = start;
  let form: URLSearchParams | undefined;
  for (let hop = 0; hop < 12; hop++) {
    if (next.startsWith(home)) return new URL(next);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(next, { redirect: 'manual', headers: { cookie }, ...(form && { method: 'POST', body: form }) });
    form = undefined;
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (location) next = new URL(location, next).href;
    else form = new URLSearchParams({ login });
  }
  throw new Error('The identity provider never sent the browser back');
}
