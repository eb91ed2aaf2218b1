/** The last state of an onboarding and of a move: what became of each grant, the welcome, and the fact that tells of it, in one transaction. */
import type { Grant } from '@gatehouse/contracts/records/grant';
import { closeJoining } from '@gatehouse/contracts/steps/joining';
import { caseStuck } from '@gatehouse/events/case-stuck';
import { personOnboarded } from '@gatehouse/events/person-onboarded';
import { timestamp } from '@gatehouse/runtime/clock';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { onStep } from '@gatehouse/runtime/step';
import type { Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { personOf } from './entitled.records.ts';
import { grantsOf, turned } from './grant.dynamo.ts';
import { closeRow, readJoining } from './joining.dynamo.ts';
import { type Joining, welcomeOf } from './joining.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), TABLE_PEOPLE: z.string(), PUBLIC_URL: z.url() });
type Closing = z.infer<typeof closeJoining.input>;

export const handler = onStep(closeJoining, env, async (input, { env, now }) => {
  const table = env.TABLE_LIFECYCLE;
  const { case_id, person, status, message } = input;
  const one = await readJoining(table, case_id);
  if (!one) throw new Misconfigured(`${case_id} does not exist`);
  if (one.closed_at) return { status: one.status, message: one.message ?? message };
  const [whom, before] = await Promise.all([personOf(env, person), grantsOf(table, person)]);
  const writing = { table, person, caseId: case_id, at: timestamp(now) };
  const turns = one.dry_run ? [] : turnsOf(input, before);
  const after = before.map((grant) => ({ ...grant, state: turns.find((turn) => turn.grant === grant)?.state ?? grant.state }));
  const welcome = status === 'done' && !one.dry_run ? welcomeOf(whom.name, after, env.PUBLIC_URL) : undefined;
  const others: Write[] = turns.map(({ grant, state }) => turned(writing, grant, state));
  const about = { person, case_id, cause: case_id };
  if (status === 'needs_human') others.push(publish(table, caseStuck, { ...about, message }));
  if (status === 'done' && one.kind === 'onboarding' && !one.dry_run) {
    const grants = after.filter(({ state }) => state === 'given' || state === 'found').length;
    others.push(publish(table, personOnboarded, { ...about, generation: one.generation, grants }));
  }
  if (await closeRow(table, one, { status, message, closed_at: timestamp(now), welcome }, others)) tellTime(one, status, now);
  return { status, message };
});

interface Turn {
  grant: Grant;
  state: Grant['state'];
}

const kinds: Readonly<Record<string, Grant['kind']>> = {
  'grant-seats': 'seat',
  'grant-virtual-keys': 'virtual-key',
  'grant-workspaces': 'workspace',
  'withdraw-seats': 'seat',
  'withdraw-virtual-keys': 'virtual-key',
  'withdraw-workspaces': 'workspace',
};

/** Only what a step says it has done. What this one intended and nobody gave is not theirs. */
function turnsOf({ case_id, given, taken, undone, status }: Closing, before: readonly Grant[]): Turn[] {
  const isTaken = ({ kind, alias }: Grant) =>
    taken.some(
      ({ step, aliases, result }) =>
        kinds[step] === kind && aliases.includes(alias) && (result.outcome === 'done' || (!undone && result.outcome === 'nothing_to_do')),
    );
  return before.flatMap((grant): Turn[] => {
    const answer = given
      .filter(({ step }) => kinds[step] === grant.kind)
      .flatMap(({ result }) => result.given)
      .find(({ alias }) => alias === grant.alias);
    const mine = grant.case_id === case_id && grant.state === 'intended';
    if (undone && mine) return isTaken(grant) ? [{ grant, state: 'taken' }] : [];
    if (mine && status === 'done') return [{ grant, state: answer && answer.state !== 'refused' ? answer.state : 'taken' }];
    if (!mine && !undone && !answer && grant.state !== 'taken' && isTaken(grant)) return [{ grant, state: 'taken' }];
    return [];
  });
}

function tellTime({ started_at, trigger, kind, id }: Joining, status: string, now: number): void {
  const properties = { case_id: id };
  if (status === 'needs_human') measure([{ dimensions: { kind }, values: { CasesStuck: { unit: 'Count', value: 1 } }, properties }], now);
  if (status === 'done' && kind === 'onboarding')
    measure(
      [{ dimensions: { trigger }, values: { TimeToOnboard: { unit: 'Milliseconds', value: now - Date.parse(started_at) } }, properties }],
      now,
    );
}
