/** The IdP's web pages: plain HTML that works without scripts. Every value put into a page is escaped here. */

export function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem; color: #1b1f24; background: #f6f7f9; }
main { background: #fff; border: 1px solid #d5d9df; border-radius: 8px; padding: 1.5rem; }
h1 { font-size: 1.3rem; margin-top: 0; }
input, button { font: inherit; width: 100%; box-sizing: border-box; padding: 0.5rem; margin: 0.25rem 0; }
.refusal { color: #a40e26; }
</style>
</head>
<body><main>
<h1>${escapeHtml(title)}</h1>
${body}
</main></body>
</html>
`;
}

/** @param uid the interaction; the form posts to its own address. */
export function signInPage(uid: string, client: string, login = '', refusal = ''): string {
  const said = refusal ? `<p class="refusal" role="alert">${escapeHtml(refusal)}</p>` : '';
  return page(
    'Sign in to Example Company',
    `<p>to continue to ${escapeHtml(client)}</p>${said}
<form method="post" action="/interaction/${encodeURIComponent(uid)}">
<label for="login">E-mail</label>
<input id="login" name="login" type="text" autocomplete="username" required autofocus value="${escapeHtml(login)}">
<button type="submit">Sign in</button>
</form>`,
  );
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
