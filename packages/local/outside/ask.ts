/** Asks a stand-in over HTTP and reads its JSON, for tests. Never used by the stack itself. */

export interface Asked {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of many shapes; what it expects is its check.
  body: any;
}

/** @param body sent as JSON. A body that is not JSON comes back as text. */
export async function ask(
  origin: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Asked> {
  const response = await fetch(origin + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parse(text) };
}

/** Posts a form, as OAuth endpoints take it. */
export async function askForm(address: string, form: Record<string, string>): Promise<Asked> {
  const response = await fetch(address, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, headers: response.headers, body: parse(await response.text()) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
