/**
 * Plays rows of the two machines that are about no person: a rollout ends with every workspace on the new version, or as one that needs a human, and the
 * template is free for the next; of a key rotation no verifier is ever without the key that a token bears.
 */
import { templateId, uuidOf } from '@gatehouse/local/outside/coder/state';
import { executionOf, type Stage, startMachine } from './play.ts';
import { calm, type Row, strike, struck, titleOf } from './rows.ts';

let pushed = 0;

interface Rollout {
  id: string;
  status: string;
  message?: string;
  counts: { stale: number; working: number };
}

/** @returns a sentence for each thing that did not end as it must. */
export async function playRollout(stage: Stage, row: Row): Promise<string[]> {
  const { stack, company } = stage;
  const version = uuidOf(`row-${pushed++}`);
  await stage.turn(120);
  await company.coder('PATCH', `/templates/${templateId}/versions`, { id: version });
  if (row.state === 'Write down that a person is needed')
    await strike(
      stack,
      { ...row, state: 'Tell the owners', function: 'gatehouse-local-workspaces-tell-owners', kind: 'fails for good' },
      '',
    );
  await strike(stack, row, '');
  const arn = await roll(stage);
  const first = await executionOf(company, arn);
  const troubles: string[] = [];
  if ((await struck(stack, row, '')) === 0) troubles.push('the fault never struck');
  const one = await rolloutOf(stage, arn);
  if (first.status === 'SUCCEEDED' && ((await outdated(stage)) > 0 || !['done', 'needs_human'].includes(one?.status ?? '')))
    troubles.push(`it succeeded, and is ${one?.status}`);
  if (first.status === 'FAILED' && one && (one.status !== 'needs_human' || (one.message ?? '').length < 20))
    troubles.push(`it failed, and stands as ${one.status}: ${one.message}`);
  if (first.status === 'FAILED' && (first.cause ?? '').length < 20) troubles.push(`it failed, and says ${first.cause}`);
  if (first.status !== 'SUCCEEDED' && first.status !== 'FAILED') troubles.push(`it is ${first.status}`);
  await calm(stack);
  const again = await roll(stage);
  const { status, cause } = await executionOf(company, again);
  if (status !== 'SUCCEEDED' || (await outdated(stage)) > 0)
    troubles.push(`mended, it is ${status} ${cause}, and ${await outdated(stage)} are left`);
  return troubles.map((trouble) => `${titleOf(row)}: ${trouble}`);
}

async function roll(stage: Stage): Promise<string> {
  const arn = await startMachine(stage.company, 'workspace-rollout', {
    template: 'claude-code',
    reason: 'a row',
    deadline_days: 0,
    wave: 100,
  });
  await stage.turn(1);
  const over = async () => (await executionOf(stage.company, arn)).status !== 'RUNNING';
  await stage.turnUntil(over, { seconds: 15, turns: 80 });
  // What hears of its end has its turn.
  await stage.turn(5);
  return arn;
}

async function rolloutOf({ admin }: Stage, arn: string): Promise<Rollout | undefined> {
  const answer = await (await admin()).fetch('/admin/rollouts');
  const { rollouts } = (await answer.json()) as { rollouts: Rollout[] };
  return rollouts.find(({ id }) => arn.endsWith(id));
}

async function outdated({ company }: Stage): Promise<number> {
  const { body } = await company.coder<{ workspaces: { outdated: boolean }[] }>('GET', '/workspaces?limit=100');
  return body.workspaces.filter((one) => one.outdated).length;
}

const hour = 3_600;

/** Tokens are tried at every turn: one of before, and one made now. */
export async function playRotation(stage: Stage, row: Row): Promise<string[]> {
  const { stack, company } = stage;
  const troubles = new Set<string>();
  await strike(stack, row, '');
  const arn = await startMachine(company, 'key-rotation', { reason: 'a row' });
  let before = await stack.as('bob@example.com');
  let sinceSeconds = 0;
  const running = async () => (await executionOf(company, arn)).status === 'RUNNING';
  const look = async (seconds: number) => {
    await stage.turn(seconds);
    sinceSeconds += seconds;
    const now = await stack.as('bob@example.com');
    for (const person of sinceSeconds < 2.9 * hour ? [before, now] : [now]) {
      const { status } = await person.fetch('/managed/settings');
      if (status !== 200) troubles.add(`a token is answered ${status}`);
      if (!(await published(stage)).includes(kidOf(person.accessToken))) troubles.add('a token bears a key that no verifier has');
    }
    if (sinceSeconds < 2.9 * hour) return;
    before = now;
    sinceSeconds = 0;
  };
  for (const [seconds, turns] of [
    [20, 40],
    [600, 40],
  ] as const)
    for (let at = 0; at < turns && (await running()); at++) await look(seconds);
  if ((await struck(stack, row, '')) === 0) troubles.add('the fault never struck');
  const { status, cause } = await executionOf(company, arn);
  if (status === 'RUNNING') troubles.add('it does not end');
  if (status === 'FAILED' && (cause ?? '').length < 40) troubles.add(`it failed, and says ${cause}`);
  await calm(stack);
  // The next rotation goes on from what it finds, once no token bears what was left.
  if (status === 'FAILED') {
    for (let at = 0; at < 20; at++) await look(600);
    const again = await startMachine(company, 'key-rotation', { reason: 'mended' });
    for (let at = 0; at < 60 && (await executionOf(company, again)).status === 'RUNNING'; at++) await look(600);
    const ended = await executionOf(company, again);
    if (ended.status !== 'SUCCEEDED') troubles.add(`mended, it is ${ended.status}: ${ended.cause}`);
  }
  return [...troubles].map((trouble) => `${titleOf(row)}: ${trouble}`);
}

const kidOf = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

async function published({ stack }: Stage): Promise<string[]> {
  const { keys } = (await (await fetch(`${stack.gateway}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}
