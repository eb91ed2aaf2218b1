/** Two ways in: the device flow that a stock Claude Code runs, with the company's own login page, and a token exchange for scripts. */
import { type Chapter, expectJson, postJson, type Story } from './story.ts';

interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

export const chapter: Chapter = {
  title: 'People sign in',
  async tell(story) {
    keep(story, 'alice@example.com', await deviceLogin(story, 'alice@example.com'));
    for (const login of ['bob@example.com', 'carol@example.com', 'dave@example.com']) {
      keep(
        story,
        login,
        await story.step(`${login} exchanges an id token (RFC 8693)`, async () => {
          const tokens = await expectJson<Tokens>(200, await exchange(story, login));
          return { result: tokens, said: `an access token for ${tokens.expires_in / 3600} h` };
        }),
      );
    }
    await story.step('grace@example.com, in no group that the policy names', async () => {
      const response = await exchange(story, 'grace@example.com');
      const { error } = (await response.json()) as { error?: string };
      if (response.ok) throw new Error('she was let in');
      return { result: undefined, said: `${response.status} ${error}` };
    });
  },
};

function keep(story: Story, login: string, tokens: Tokens): void {
  story.kept.set(`token ${login}`, tokens.access_token);
  story.kept.set(`refresh ${login}`, tokens.refresh_token);
}

async function exchange(story: Story, login: string): Promise<Response> {
  const signed = await postJson(`${story.idp}/directory/users/${login}/id-token`, {});
  const { id_token } = await expectJson<{ id_token: string }>(200, signed);
  return fetch(`${story.gateway}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: id_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }),
  });
}

interface DeviceAnswer {
  device_code: string;
  user_code: string;
  verification_uri_complete: string;
  interval: number;
}

async function deviceLogin(story: Story, login: string): Promise<Tokens> {
  const device = await story.step(`claude asks for a code for ${login} (RFC 8628)`, async () => {
    const response = await fetch(`${story.gateway}/oauth/device_authorization`, {
      method: 'POST',
      body: new URLSearchParams({ surface: 'claude_code' }),
    });
    const answer = await expectJson<DeviceAnswer>(200, response);
    return { result: answer, said: `${answer.user_code}, at ${new URL(answer.verification_uri_complete).pathname}` };
  });
  await story.step('she opens the page, signs in at the identity provider and confirms', async () => {
    const browser = createBrowser();
    const landed = await browser.walk(device.verification_uri_complete, login);
    return { result: undefined, said: landed };
  });
  return story.step('claude polls for its tokens', async () => {
    await story.advance(device.interval);
    const response = await fetch(`${story.gateway}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.device_code }),
    });
    const tokens = await expectJson<Tokens>(200, response);
    return { result: tokens, said: `an access token for ${tokens.expires_in / 3600} h, and a refresh token` };
  });
}

/** Enough of a browser for pages that work without scripts: cookies by host, redirects, and the one form of each page. */
function createBrowser() {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: URL) => {
    const known = jars.get(url.host) ?? new Map<string, string>();
    jars.set(url.host, known);
    return known;
  };
  async function open(url: URL, init: RequestInit = {}): Promise<{ url: URL; html: string }> {
    const jar = jarOf(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const origin = init.method === 'POST' ? { origin: url.origin } : {};
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, ...origin, ...(cookie && { cookie }) } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = response.headers.get('location');
    const html = await response.text();
    if (location) return open(new URL(location, url));
    if (response.status >= 400) throw new Error(`${url.origin}${url.pathname} answered ${response.status}: ${textOf(html)}`);
    return { url, html };
  }
  return {
    /** Fills in and sends each page's form until a page has none; says what the last page says. */
    async walk(start: string, login: string): Promise<string> {
      let page = await open(new URL(start));
      for (let pages = 0; pages < 8; pages++) {
        const form = formOf(page.html);
        if (!form) return textOf(page.html);
        const fields = new URLSearchParams(form.fields);
        if (form.names.includes('login')) fields.set('login', login);
        page = await open(new URL(form.action || page.url.href, page.url), { method: 'POST', body: fields });
      }
      throw new Error('the pages never ended');
    },
  };
}

/** The first form: where it goes, its hidden fields, the value of its first button, and every field's name. */
function formOf(html: string): { action: string; fields: [string, string][]; names: string[] } | undefined {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(html);
  if (!form) return undefined;
  const attribute = (text: string, name: string) => decodeEntities(new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? '');
  const inputs = [...(form[2] ?? '').matchAll(/<(input|button)\b([^>]*)>/g)].map(([, tag, text = '']) => ({
    tag,
    name: attribute(text, 'name'),
    value: attribute(text, 'value'),
  }));
  const button = inputs.find(({ tag, name }) => tag === 'button' && name !== '');
  const fields = inputs.filter(({ tag, name }) => tag === 'input' && name !== '').map(({ name, value }): [string, string] => [name, value]);
  if (button) fields.push([button.name, button.value]);
  return { action: attribute(form[1] ?? '', 'action'), fields, names: inputs.map(({ name }) => name) };
}

function decodeEntities(text: string): string {
  return text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
}

function textOf(html: string): string {
  const text = html
    .replace(/<(style|script|head)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
  return decodeEntities(text).trim().slice(0, 160);
}
