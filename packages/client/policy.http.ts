/** The commands of administrators as calls of the gateway's admin API: each answers what to print. Decides nothing that the gateway decides. */
import { readFileSync } from 'node:fs';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { stringify } from 'yaml';
import type { Command } from './command-line.ts';
import { readDocument, readVariables } from './document-file.ts';
import type { Answered, Trouble, Wish } from './gateway.http.ts';
import { clientsPage, diffPage, explanationPage, importPage, type Paint, simulationPage, upstreamsPage, versionsPage } from './page.ts';

export interface Printed {
  /** As the gateway gave it. */
  body: unknown;
  lines: string[];
}

export type Failure = Trouble | { reason: 'usage'; message: string };
type Done = Promise<Result<Printed, Failure>>;
export type Ask = (wish: Wish) => Promise<Result<Answered, Trouble>>;

export async function runPolicy({ verb, words, flags }: Command, ask: Ask, paint: Paint): Done {
  const flag = (name: string) => flags[name]?.at(-1);
  const [first = '', second] = words;
  switch (verb) {
    case 'policy show': {
      const version = flag('version');
      const path = version === undefined ? '/admin/policies' : `/admin/policies/versions/${encodeURIComponent(version)}`;
      return printed(await ask({ method: 'GET', path }), ({ version, reason, author, published_at, document }) => [
        paint('dim', `# version ${version}, ${published_at}, by ${author}: ${reason}`),
        stringify(document).trimEnd(),
      ]);
    }
    case 'auth status':
      return printed(await ask({ method: 'GET', path: '/admin/upstreams' }), (body) => upstreamsPage(body, paint));
    case 'policy publish':
      return publish(first, flags, ask);
    case 'policy explain': {
      const query = { model: flag('model'), tool: flag('tool'), person: flag('person') };
      return printed(await ask({ method: 'GET', path: '/v1/policy/explain', query }), (body) => explanationPage(body, paint));
    }
    case 'policy simulate': {
      const document = documentIn(first);
      if (!document.ok) return document;
      const days = flag('days') === undefined ? undefined : Number(flag('days'));
      const body = { document: document.value, people: flags.person, groups: flags.group, days };
      return printed(await ask({ method: 'POST', path: '/admin/policies/simulate', body }), (answer) => simulationPage(answer, paint));
    }
    case 'policy diff': {
      const body = diffBody(first, second);
      if (!body.ok) return body;
      return printed(await ask({ method: 'POST', path: '/admin/policies/diff', body: body.value }), (answer) => diffPage(answer, paint));
    }
    case 'policy versions':
      return printed(await ask({ method: 'GET', path: '/admin/policies/versions' }), (body) => versionsPage(body, paint));
    case 'policy rollback': {
      const body = { version: Number(first), reason: flag('reason') ?? `back to version ${first}` };
      return printed(await ask({ method: 'POST', path: '/admin/policies/rollback', body }), (answer) => [
        `Version ${answer.version} is in force.`,
      ]);
    }
    case 'policy import': {
      const source = sourceIn(first);
      if (!source.ok) return source;
      return printed(await ask({ method: 'POST', path: '/admin/policies/import', body: source.value }), (body) => [
        ...importPage(body),
        stringify(body.document).trimEnd(),
      ]);
    }
    case 'policy clients': {
      const query = { standing: flag('standing'), group: flag('group') };
      return printed(await ask({ method: 'GET', path: '/admin/policies/clients', query }), (body) => clientsPage(body, paint));
    }
    default:
      throw new TypeError(`Nobody does "${verb}"`);
  }
}

/** Without `--if-version` the version in force is read first: somebody who publishes in between is still not written over. */
async function publish(file: string, flags: Command['flags'], ask: Ask): Done {
  const document = documentIn(file);
  if (!document.ok) return document;
  let version = flags['if-version']?.at(-1);
  if (version === undefined) {
    const head = await ask({ method: 'GET', path: '/admin/policies' });
    // Before the first publication there is none to read.
    if (!head.ok && !(head.refusal.reason === 'refused' && head.refusal.status === 404)) return head;
    version = head.ok ? String(head.value.body.version) : '0';
  }
  const body = {
    document: document.value,
    reason: flags.reason?.at(-1),
    ...(flags['give-up-administration'] && { give_up_administration: true }),
  };
  const wish: Wish = { method: 'PUT', path: '/admin/policies', headers: { 'if-match': `"${version}"` }, body };
  return printed(await ask(wish), ({ version, unchanged }) => [
    unchanged ? `Version ${version} is in force already, with the same content.` : `Version ${version} is in force.`,
  ]);
}

function diffBody(first: string, second: string | undefined): Result<unknown, Failure> {
  if (second !== undefined) return ok({ from: Number(first), to: Number(second) });
  const document = documentIn(first);
  return document.ok ? ok({ document: document.value }) : document;
}

/** The member `managed` of a gateway's configuration, or variables. */
function sourceIn(file: string): Result<unknown, Failure> {
  const text = textOf(file);
  if (!text.ok) return text;
  const variables = readVariables(text.value);
  if (variables) return ok({ environment: variables });
  const read = readDocument(text.value, file);
  if (!read.ok) return refuse({ reason: 'usage', message: read.refusal });
  const { managed } = read.value as { managed?: unknown };
  return ok({ gateway: managed ?? read.value });
}

function documentIn(file: string): Result<unknown, Failure> {
  const text = textOf(file);
  if (!text.ok) return text;
  const read = readDocument(text.value, file);
  return read.ok ? read : refuse({ reason: 'usage', message: read.refusal });
}

function textOf(file: string): Result<string, Failure> {
  try {
    return ok(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    return refuse({ reason: 'usage', message: `${file} cannot be read: ${error instanceof Error ? error.message : error}` });
  }
}

function printed(answer: Result<Answered, Trouble>, show: (body: Answered['body']) => string[]): Result<Printed, Failure> {
  return answer.ok ? ok({ body: answer.value.body, lines: show(answer.value.body) }) : answer;
}
