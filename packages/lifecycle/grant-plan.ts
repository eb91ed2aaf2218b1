/** Compares what somebody is entitled to with the grants on record: what is to be given, what taken, and what only has other reasons now. Decides, does nothing. */
import type { Grant } from '@gatehouse/contracts/records/grant';
import type { Entitlement } from './entitlement.ts';

export interface GrantPlan {
  give: Entitlement[];
  take: Grant[];
  /** Kept as they are, for reasons that have changed. */
  restate: { grant: Grant; entitlement: Entitlement }[];
}

/** Whether something as a whole is given or taken, and not merely changed. */
export function isWhole({ give, take }: GrantPlan, held: readonly Grant[]): boolean {
  const has = (one: Entitlement) => held.some((grant) => isSame(grant, one) && grant.state === 'given');
  return take.length > 0 || give.some((one) => !has(one));
}

export function planOf(entitled: readonly Entitlement[], held: readonly Grant[]): GrantPlan {
  const recorded = (one: Entitlement) => held.find((grant) => isSame(grant, one) && grant.state !== 'taken');
  const plan: GrantPlan = { give: [], take: [], restate: [] };
  for (const entitlement of entitled) {
    const grant = recorded(entitlement);
    if (!grant || grant.state === 'intended' || grant.state === 'blocked') plan.give.push(entitlement);
    // A key takes another budget and other models at once; a seat's tier and a workspace's size are not ours to change from here.
    else if (grant.state === 'given' && grant.kind === 'virtual-key' && !isEqual(grant.spec, entitlement.spec)) plan.give.push(entitlement);
    else if (!isEqual(grant.reasons, entitlement.reasons) || !isEqual(grant.spec, entitlement.spec))
      plan.restate.push({ grant, entitlement });
  }
  plan.take = held.filter(
    (grant) => (grant.state === 'given' || grant.state === 'intended') && !entitled.some((one) => isSame(grant, one)),
  );
  return plan;
}

export function isNothing({ give, take }: GrantPlan): boolean {
  return give.length === 0 && take.length === 0;
}

function isSame(a: Pick<Grant, 'system' | 'kind' | 'alias'>, b: Pick<Grant, 'system' | 'kind' | 'alias'>): boolean {
  return a.system === b.system && a.kind === b.kind && a.alias === b.alias;
}

/** Members come back from the table in another order. */
function isEqual(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value)
    .map(([name, member]) => `${name}:${canonical(member)}`)
    .sort()
    .join()}}`;
}
