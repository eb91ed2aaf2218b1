/** Adds one phase to a case's chain, and with it the case's status and the fact that tells of it. Refuses to call proven what is not. */
import { sealEvidence } from '@gatehouse/contracts/steps/lifecycle';
import { hashOpening, linkTo } from '@gatehouse/core/evidence/chain';
import { openingOf } from '@gatehouse/core/evidence/packet';
import { accessCut } from '@gatehouse/events/access-cut';
import { accessProvenDead } from '@gatehouse/events/access-proven-dead';
import { accessRestored } from '@gatehouse/events/access-restored';
import { timestamp } from '@gatehouse/runtime/clock';
import { Misconfigured, Throttled } from '@gatehouse/runtime/fault';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { onStep } from '@gatehouse/runtime/step';
import type { Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { append, readCase, readChain, type Stored } from './case.dynamo.ts';
import { statusAfter } from './case.ts';
import { countTargets, flawOf, gradesOf } from './proof.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string() });
type Sealing = z.infer<typeof sealEvidence.input>;

const maxRaces = 5;
/** Of the service level: a leaver is cut within a minute of their event. */
const objectiveMs = 60_000;

export const handler = onStep(sealEvidence, env, async (input, { env, now }) => {
  const table = env.TABLE_LIFECYCLE;
  const flaw = input.phase === 'proven' || input.phase === 'gone' ? flawOf(input.results) : undefined;
  if (flaw) throw new Misconfigured(`This is no proof, so it is not sealed as one: ${flaw}`);
  for (let race = 1; race <= maxRaces; race++) {
    const one = await readCase(table, input.case_id);
    if (!one) throw new Misconfigured(`Case ${input.case_id} does not exist`);
    const chain = await readChain(table, one.id);
    if (chain.some(({ phase }) => phase === input.phase)) return { status: one.status, message: `${input.phase} is sealed already` };
    if (one.closed_at) throw new Misconfigured(`Case ${one.id} is closed since ${one.closed_at}: start a new one`);
    const before = chain.at(-1)?.hash ?? hashOpening(openingOf(one));
    // As the table will give it back: a member that is undefined is none.
    const { results, truth } = JSON.parse(JSON.stringify({ results: input.results, truth: input.truth ?? null })) as Pick<
      Sealing,
      'results' | 'truth'
    >;
    const link = linkTo(before, one.id, { seq: chain.length + 1, phase: input.phase, results, truth, at: timestamp(now) });
    if (!(await append(table, one, link, factsOf(table, input)))) continue;
    tellTime(one, { phase: input.phase, truth }, now);
    return { status: statusAfter(input.phase, one.dry_run) ?? one.status, message: `Link ${link.seq} of case ${one.id}: ${input.phase}` };
  }
  throw new Throttled('Other links were added five times while this one tried to');
});

function factsOf(table: string, { phase, person, generation, case_id, results }: Sealing): Write[] {
  const about = { person, generation, case_id, cause: case_id };
  switch (phase) {
    case 'cut':
      return [publish(table, accessCut, { ...about, targets: countTargets(results) })];
    case 'proven':
      return [publish(table, accessProvenDead, { ...about, grades: gradesOf(results) })];
    case 'restored':
      return [publish(table, accessRestored, about)];
    default:
      return [];
  }
}

/** Time to cut and to proven dead, from the case's start; a cut that waited for somebody's decision says nothing of the systems. */
function tellTime({ started_at, trigger, id }: Stored, { phase, truth }: Pick<Sealing, 'phase' | 'truth'>, now: number): void {
  const value = now - Date.parse(started_at);
  const properties = { case_id: id };
  if (phase === 'unproven') measure([{ dimensions: {}, values: { CasesUnproven: { unit: 'Count', value: 1 } }, properties }], now);
  const name = phase === 'cut' ? 'TimeToCut' : phase === 'proven' ? 'TimeToProvenDead' : undefined;
  if (name) measure([{ dimensions: { trigger }, values: { [name]: { unit: 'Milliseconds', value } }, properties }], now);
  if (phase === 'cut' && trigger === 'event' && !wasAsked(truth))
    measure([{ dimensions: {}, values: { CutsInTime: { unit: 'Percent', value: value <= objectiveMs ? 100 : 0 } }, properties }], now);
}

function wasAsked(truth: unknown): boolean {
  return z.looseObject({ approval: z.looseObject({}) }).safeParse(truth).success;
}
