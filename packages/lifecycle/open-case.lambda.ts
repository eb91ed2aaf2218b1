/** The first state of the machine: refuses what nobody can act on, finds the person, and takes their lock. Cuts nothing. */
import type { Case } from '@gatehouse/contracts/records/case';
import { openCase } from '@gatehouse/contracts/steps/lifecycle';
import { admitPerson } from '@gatehouse/contracts/steps/people';
import { LifecycleConfig } from '@gatehouse/core/lifecycle-profile';
import { callStep } from '@gatehouse/runtime/call';
import { timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { InvalidRequest, Misconfigured, Throttled } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { leaveWord, open, readCase, readLock, type Stored } from './case.dynamo.ts';
import { caseIdOf, idFrom } from './case.ts';
import { setHold } from './hold.dynamo.ts';
import { rememberJoined } from './joined.dynamo.ts';
import { example, readStart, type Start } from './start.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string(), CONFIG: json(LifecycleConfig), STEP_ADMIT_PERSON_ARN: z.string() });
type Opened = z.infer<typeof openCase.output>;

const maxRaces = 5;

export const handler = onStep(openCase, env, async ({ input, execution_arn, redrive }, { env, now }): Promise<Opened> => {
  const { TABLE_LIFECYCLE: table, CONFIG } = env;
  const id = await caseFor(table, execution_arn, redrive ?? 0);
  const start = readStart(input);
  if (!start.ok) throw new InvalidRequest(start.refusal);
  const told = (outcome: Opened['outcome'], one: Stored | Case, message: string): Opened => {
    const { id: case_id, person, generation, trigger, reason, dry_run, hold } = one;
    const inferred = trigger === 'entitlement' || start.value.fact?.evidence === 'inferred';
    return { outcome, case_id, person, generation, trigger, reason, dry_run, hold, grace_seconds: CONFIG.grace_seconds, inferred, message };
  };

  const again = await readCase(table, id);
  // Whatever led back here without a redrive would lead here for ever.
  if (again?.closed_at !== undefined)
    throw new Misconfigured(`Case ${id} is closed. Redrive the execution, or start the offboarding again.`);
  if (again) return told('opened', again, 'This execution has opened its case already');
  // A fact names a person of ours: asking who that is would only put the cut off.
  const { person, generation } = start.value.fact ?? (await whom(env.STEP_ADMIT_PERSON_ARN, start.value.person));
  const one = caseOf(start.value, { id, person, generation, execution_arn, started_at: timestamp(now) });

  for (let race = 1; race <= maxRaces; race++) {
    if (await open(table, one, start.value.fact?.cause)) return told('opened', one, `Case ${id} is open`);
    const mine = await readCase(table, id);
    if (mine) return told('opened', mine, 'This execution has opened its case already');
    const lock = await readLock(table, person);
    const other = lock?.state === 'held' ? await readCase(table, lock.case_id) : undefined;
    if (!other) continue;
    const { fact } = start.value;
    // Somebody who leaves again while an older case is giving their access back must not be forgotten.
    const left = !fact || fact.cause === other.cause || (await leaveWord(table, person, other.id, fact));
    if (left && start.value.hold && !other.dry_run)
      // Who asks for a hold must not lose it to the case that was a moment ahead of theirs.
      await setHold(table, person, { by: execution_arn, reason: start.value.reason, at: timestamp(now) });
    if (left && !fact) await rememberJoined(table, id, other.id);
    if (left)
      return told(
        'already_open',
        other,
        `Case ${other.id} has been open for this person since ${other.started_at}; this execution leaves it to that one`,
      );
  }
  throw new Throttled('Cases of this person opened and closed five times while this one tried to');
});

/** A case that is closed is sealed: a redriven execution has another. */
async function caseFor(table: string, arn: string, redrive: number): Promise<string> {
  const id = caseIdOf(arn);
  const isClosed = redrive > 0 && (await readCase(table, id))?.closed_at !== undefined;
  return isClosed ? idFrom('redriven', arn, redrive) : id;
}

async function whom(arn: string, wanted: string): Promise<{ person: string; generation: number }> {
  const found = await callStep(admitPerson, arn, { lookup: wanted });
  if (found.outcome === 'known') return found;
  if (found.outcome === 'ambiguous') throw new InvalidRequest(found.message);
  throw new InvalidRequest(
    `Nobody called ${JSON.stringify(wanted)} is known, neither here nor in the directory. Write an e-mail address, a per_... id or the directory's id, e.g. ${example}.`,
  );
}

type Rest = Pick<Case, 'id' | 'person' | 'generation' | 'execution_arn' | 'started_at'>;

function caseOf({ trigger, reason, ticket, dry_run, hold }: Start, rest: Rest): Case {
  return { ...rest, kind: 'offboarding', status: 'waiting', trigger, reason, ...(ticket !== undefined && { ticket }), dry_run, hold };
}
