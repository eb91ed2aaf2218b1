/** The pages of the device login: plain HTML that works without scripts and asks nothing from elsewhere. Every value put into a page is escaped here. */

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)} - Gatehouse</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 10vh auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
label { display: block; margin: 1rem 0 0.25rem; }
input[type=text] { font: 1.5rem ui-monospace, monospace; letter-spacing: 0.1em; text-transform: uppercase; width: 100%; box-sizing: border-box; padding: 0.5rem; }
button { font: inherit; padding: 0.6rem 1.2rem; margin: 1rem 0.5rem 0 0; }
.code { font: 1.8rem ui-monospace, monospace; letter-spacing: 0.1em; }
.problem { border-left: 0.3rem solid #b3261e; padding-left: 0.8rem; }
dt { font-weight: 600; margin-top: 0.6rem; } dd { margin: 0; }
</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

/** @param typed what to put into the field: a link may bring a code along, and still nothing is approved by it. */
export function codePage(typed: string, problem?: string): string {
  const told = problem === undefined ? '' : `<p class="problem" role="alert" id="problem">${escapeHtml(problem)}</p>`;
  const described = problem === undefined ? 'hint' : 'problem hint';
  return page(
    'Sign in on a device',
    `${told}
<form method="post" action="/device">
<label for="user_code">The code that your device shows</label>
<input type="text" id="user_code" name="user_code" value="${escapeHtml(typed)}" required maxlength="32" autocomplete="off" autocapitalize="characters" spellcheck="false" aria-describedby="${described}"${problem === undefined ? '' : ' aria-invalid="true"'}>
<p id="hint">Eight letters, like BCDF-GHJK. Go on only if you started this sign-in yourself, just now.</p>
<button type="submit">Continue to sign in</button>
</form>`,
  );
}

export interface Confirmation {
  code: string;
  /** Who signed in, as the directory names them. */
  person: string;
  client: string;
  sourceIp: string;
  startedAt: string;
  csrf: string;
}

export function confirmPage({ code, person, client, sourceIp, startedAt, csrf }: Confirmation): string {
  const hidden = `<input type="hidden" name="csrf" value="${escapeHtml(csrf)}">`;
  return page(
    'Is this your device?',
    `<p>You are signed in as <strong>${escapeHtml(person)}</strong>. A device asks to act for you:</p>
<dl>
<dt>Code on the device</dt><dd class="code">${escapeHtml(code)}</dd>
<dt>Device</dt><dd>${escapeHtml(client)}</dd>
<dt>Asked from</dt><dd>${escapeHtml(sourceIp)}</dd>
<dt>Started</dt><dd>${escapeHtml(startedAt)}</dd>
</dl>
<p>Approve only if your own device shows exactly this code. If somebody sent you a link or the code, deny.</p>
<form method="post" action="/device">${hidden}<input type="hidden" name="decision" value="approve"><button type="submit">Approve this device</button></form>
<form method="post" action="/device/deny">${hidden}<button type="submit">Deny</button></form>`,
  );
}

export function donePage(title: string, sentence: string): string {
  return page(title, `<p role="status">${escapeHtml(sentence)}</p>`);
}

export function problemPage(sentence: string): string {
  return page('That did not work', `<p class="problem" role="alert">${escapeHtml(sentence)}</p><p><a href="/device">Start again</a></p>`);
}
