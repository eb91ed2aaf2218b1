/** Works out what is to be given and taken, and writes each grant down as intended first, so that none is given that nobody knows of. */
import { planGrants } from '@gatehouse/contracts/steps/joining';
import { timestamp } from '@gatehouse/runtime/clock';
import { onStep } from '@gatehouse/runtime/step';
import { transact, type Write } from '@gatehouse/runtime/table';
import type * as z from 'zod';
import { EntitledEnv, planFor } from './entitled.records.ts';
import { written } from './grant.dynamo.ts';
import { type GrantPlan, isNothing } from './grant-plan.ts';
import { markGiving } from './joining.dynamo.ts';

export const env = EntitledEnv;
export type Planned = z.infer<typeof planGrants.output>;

export const handler = onStep(planGrants, env, async ({ case_id, person, dry_run }, { env, now }): Promise<Planned> => {
  const plan = await planFor(env, person);
  if (!dry_run) {
    const writing = { table: env.TABLE_LIFECYCLE, person, caseId: case_id, at: timestamp(now) };
    const writes: Write[] = [
      ...plan.give.map((one) => written(writing, one, 'intended')),
      ...plan.restate.map(({ grant, entitlement }) => written(writing, entitlement, grant.state)),
    ];
    if (writes.length > 0) await transact(writes);
    await markGiving(env.TABLE_LIFECYCLE, case_id);
  }
  return shown(plan);
});

export function shown(plan: GrantPlan): Planned {
  const wish = ({ alias, spec }: GrantPlan['give'][number]) => ({ alias, spec });
  const give = <K extends GrantPlan['give'][number]['kind']>(kind: K) => plan.give.filter((one) => one.kind === kind);
  const taken = (kind: string) => plan.take.filter((one) => one.kind === kind).map(({ alias }) => alias);
  const what = (list: readonly { kind: string }[]) => list.map(({ kind }) => kind).join(', ') || 'nothing';
  return planGrants.output.parse({
    seats: give('seat').map(wish),
    keys: give('virtual-key').map(wish),
    workspaces: give('workspace').map(wish),
    take: { seats: taken('seat'), keys: taken('virtual-key'), workspaces: taken('workspace') },
    nothing: isNothing(plan),
    message: `To give: ${what(plan.give)}. To take: ${what(plan.take)}.`,
  });
}
