/** The first state of an onboarding and of a move: refuses what nobody can act on, finds the person, and takes their lock. Gives nothing. */
import { openJoining } from '@gatehouse/contracts/steps/joining';
import { admitPerson } from '@gatehouse/contracts/steps/people';
import { callStep } from '@gatehouse/runtime/call';
import { timestamp } from '@gatehouse/runtime/clock';
import { InvalidRequest, Throttled } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { caseIdOf } from './case.ts';
import { example, readJoinStart } from './join-start.ts';
import { lastJoining, openRow, readJoining } from './joining.dynamo.ts';
import type { Joining } from './joining.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), STEP_ADMIT_PERSON_ARN: z.string() });
type Opened = z.infer<typeof openJoining.output>;

const maxRaces = 5;

export const handler = onStep(openJoining, env, async ({ kind, input, execution_arn }, { env, now }): Promise<Opened> => {
  const { TABLE_LIFECYCLE: table } = env;
  const id = caseIdOf(execution_arn);
  const start = readJoinStart(input);
  if (!start.ok) throw new InvalidRequest(start.refusal);
  const { wave = null, wait_seconds = 0 } = start.value.fact ?? {};
  const told = (outcome: Opened['outcome'], one: Joining, message: string): Opened => ({
    ...shown(one),
    outcome,
    wave,
    wait_seconds,
    message,
  });
  const again = await readJoining(table, id);
  if (again) return told('opened', again, 'This execution has opened it already');
  const { fact, trigger, reason, ticket, dry_run } = start.value;
  const { person, generation } = fact ?? (await whom(env.STEP_ADMIT_PERSON_ARN, start.value.person));
  const one: Joining = {
    ...{ id, kind, person, generation, status: 'waiting', trigger, reason, dry_run, execution_arn },
    ...(ticket !== undefined && { ticket }),
    started_at: timestamp(now),
  };
  for (let race = 1; race <= maxRaces; race++) {
    if (await openRow(table, one)) return told('opened', one, `${id} is open`);
    const mine = await readJoining(table, id);
    if (mine) return told('opened', mine, 'This execution has opened it already');
    const last = await lastJoining(table, person);
    if (last?.open)
      return told(
        'already_open',
        { ...last.one, trigger },
        `${last.one.id} has been open for this person since ${last.one.started_at}; this execution leaves it to that one`,
      );
  }
  throw new Throttled('Others opened and closed for this person five times while this one tried to');
});

function shown({ id: case_id, person, generation, trigger, reason, dry_run }: Joining) {
  return { case_id, person, generation, trigger, reason, dry_run };
}

async function whom(arn: string, wanted: string): Promise<{ person: string; generation: number }> {
  const found = await callStep(admitPerson, arn, { lookup: wanted });
  if (found.outcome === 'known') return found;
  if (found.outcome === 'ambiguous') throw new InvalidRequest(found.message);
  throw new InvalidRequest(
    `Nobody called ${JSON.stringify(wanted)} is known, neither here nor in the directory. Write an e-mail address, a per_... id or the directory's id, e.g. ${example}.`,
  );
}
