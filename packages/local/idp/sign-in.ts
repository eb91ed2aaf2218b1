/** The sign-in page of the IdP: one field names the person, any person whom the directory calls active gets in. Checks no password. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { send } from '../outside/http.ts';
import type { Directory, Person } from './directory.ts';
import { page, signInPage } from './pages.ts';

const maxFormBytes = 16 * 1024;

/** Serves `/interaction/{uid}`: GET shows the form, POST takes its field `login` (an e-mail or a directory id). */
export function signInListener(provider: Provider, directory: Directory): RequestListener {
  return (request, response) => {
    answer(provider, directory, request, response).catch(() => {
      if (response.headersSent) return response.destroy();
      html(response, 400, page('That sign-in is over', '<p>Start again from where you came.</p>'));
    });
  };
}

async function answer(provider: Provider, directory: Directory, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const interaction = await provider.interactionDetails(request, response);
  if (interaction.prompt.name === 'consent') {
    await provider.interactionFinished(request, response, { consent: {} }, { mergeWithLastSubmission: true });
    return;
  }
  const client = 'Gatehouse';
  if (request.method !== 'POST') return html(response, 200, signInPage(interaction.uid, client));
  const login = (await readForm(request)).get('login')?.trim() ?? '';
  const person = directory.find(login);
  const refusal = refusalFor(login, person);
  if (!person || refusal !== undefined) return html(response, 403, signInPage(interaction.uid, client, login, refusal));
  await provider.interactionFinished(request, response, { login: { accountId: person.id } }, { mergeWithLastSubmission: false });
}

function refusalFor(login: string, person: Person | undefined): string | undefined {
  if (login === '') return 'Type your e-mail address.';
  if (!person) return `Nobody here is called ${login}.`;
  switch (person.status) {
    case 'ACTIVE':
      return undefined;
    case 'SUSPENDED':
      return `${person.email} is suspended and cannot sign in.`;
    case 'DEPROVISIONED':
      return `${person.email} is deactivated and cannot sign in.`;
    case 'STAGED':
      return `${person.email} is not activated yet.`;
  }
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= maxFormBytes) chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function html(response: ServerResponse, status: number, body: string): void {
  send(response, { status, body, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } });
}
