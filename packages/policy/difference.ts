/** Says in plain words what two effective policies differ in: who gains, who loses. Judges neither. */
import type { PolicyDocument } from '@gatehouse/rules/document';
import { budgetKey } from '@gatehouse/rules/document';
import { mayUse } from '@gatehouse/rules/models';
import { type Effective, resolve, type Subject } from '@gatehouse/rules/resolve';
import { canonical } from './canonical.ts';

export interface Difference {
  gains: string[];
  loses: string[];
  /** Neither more nor less, but otherwise. */
  changes: string[];
}

const families = ['opus', 'sonnet', 'haiku'];

/** Compares what holds before and after for one person. All three lists empty: nothing changes. */
function difference(before: Effective, after: Effective): Difference {
  const result: Difference = { gains: [], loses: [], changes: [] };
  const flip = (was: boolean, is: boolean, what: string) => {
    if (was !== is) (is ? result.gains : result.loses).push(what);
  };
  flip(before.admitted, after.admitted, 'admission');
  if (!before.admitted && !after.admitted) return result;
  flip(before.administers, after.administers, 'administration');
  models(before, after, flip);
  tools(before, after, result, flip);
  const routes = new Set([...before.routes.allow, ...after.routes.allow]);
  for (const route of routes) flip(before.routes.allow.includes(route), after.routes.allow.includes(route), `the route ${route}`);
  entitlements(before, after, flip, result);
  if (!before.admitted || !after.admitted) return result;
  budgets(before, after, result);
  if (before.enforcement !== after.enforcement) result.changes.push(`enforcement: ${before.enforcement} -> ${after.enforcement}`);
  if (before.routes.default !== after.routes.default)
    result.changes.push(`default route: ${before.routes.default} -> ${after.routes.default}`);
  for (const section of ['guardrails', 'workspaces', 'keys', 'telemetry', 'client', 'settings', 'mcp'] as const)
    members(section, before[section], after[section], result);
  return result;
}

/** Families and every pattern that either side names are tried, so that `*` against a list of names is told by its effect. */
function models(before: Effective, after: Effective, flip: (was: boolean, is: boolean, what: string) => void): void {
  const named = [before, after].flatMap(({ models }) => [...(models.allow ?? []), ...models.deny]).filter((pattern) => pattern !== '*');
  const may = (effective: Effective, spelling: string) => effective.admitted && mayUse(effective.models, spelling).allowed;
  for (const pattern of new Set([...families, ...named])) {
    const spelling = /^[a-z]+$/.test(pattern) ? `claude-${pattern}-0` : pattern;
    flip(may(before, spelling), may(after, spelling), `the model ${pattern}`);
  }
  flip(may(before, 'any-other'), may(after, 'any-other'), 'models that no rule names');
}

function tools(before: Effective, after: Effective, result: Difference, flip: (was: boolean, is: boolean, what: string) => void): void {
  const rules = (effective: Effective, list: 'allow' | 'ask' | 'deny') => new Set(effective.admitted ? effective.tools[list] : []);
  if (before.admitted && after.admitted)
    for (const rule of new Set([...rules(before, 'deny'), ...rules(after, 'deny')]))
      flip(!rules(before, 'deny').has(rule), !rules(after, 'deny').has(rule), `the tool ${rule}`);
  else for (const rule of rules(after, 'deny')) result.loses.push(`the tool ${rule}`);
  if (!before.admitted || !after.admitted) return;
  for (const rule of new Set([...rules(before, 'ask'), ...rules(after, 'ask')]))
    flip(!rules(before, 'ask').has(rule), !rules(after, 'ask').has(rule), `${rule} without being asked each time`);
  for (const rule of new Set([...rules(before, 'allow'), ...rules(after, 'allow')]))
    flip(rules(before, 'allow').has(rule), rules(after, 'allow').has(rule), `${rule} without a question`);
}

function budgets(before: Effective, after: Effective, result: Difference): void {
  const by = (effective: Effective) => new Map(effective.budgets.map((budget) => [budgetKey(budget), budget]));
  const [was, is] = [by(before), by(after)];
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const [old, fresh] = [was.get(key), is.get(key)];
    if (old?.amount_micros === fresh?.amount_micros) continue;
    const { period, group } = (old ?? fresh)!;
    const what = `the ${period} budget${group ? ` of group ${group}` : ''}: ${dollars(old?.amount_micros)} -> ${dollars(fresh?.amount_micros)}`;
    const more = (fresh?.amount_micros ?? Number.POSITIVE_INFINITY) > (old?.amount_micros ?? Number.POSITIVE_INFINITY);
    (more ? result.gains : result.loses).push(what);
  }
}

const seatGrades = ['none', 'standard', 'premium'];

/** What a person may be given: a number or a grade, of which more is a gain. Nothing said is none. */
function entitlements(
  before: Effective,
  after: Effective,
  flip: (was: boolean, is: boolean, what: string) => void,
  result: Difference,
): void {
  for (const [section, what] of [
    ['keys', 'virtual keys'],
    ['workspaces', 'workspaces'],
  ] as const) {
    const [was, is] = [before[section].maximum ?? 0, after[section].maximum ?? 0];
    if (was === 0 || is === 0) flip(was > 0, is > 0, `${Math.max(was, is)} ${what}`);
    else if (was !== is) (is > was ? result.gains : result.loses).push(`${what}: ${was} -> ${is}`);
  }
  const [was, is] = [before.seats.claude ?? 'none', after.seats.claude ?? 'none'];
  if (was === 'none' || is === 'none') flip(was !== 'none', is !== 'none', `the ${was === 'none' ? is : was} seat`);
  else if (was !== is) (seatGrades.indexOf(is) > seatGrades.indexOf(was) ? result.gains : result.loses).push(`the seat: ${was} -> ${is}`);
}

function dollars(micros: number | undefined): string {
  return micros === undefined ? 'no limit' : `$${(micros / 1_000_000).toFixed(2)}`;
}

function members(section: string, before: object, after: object, result: Difference): void {
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    // Told as a gain or a loss before.
    if (key === 'maximum') continue;
    const [old, fresh] = [show(was.get(key)), show(is.get(key))];
    if (old !== fresh) result.changes.push(`${section}.${key}: ${old} -> ${fresh}`);
  }
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : canonical(value);
}

/** The policies as such: which are new, gone, changed or moved. */
export function documentDifference(before: PolicyDocument | undefined, after: PolicyDocument): string[] {
  const old = new Map(before?.policies.map((policy, index) => [policy.name, { policy, index }]));
  const fresh = new Set(after.policies.map(({ name }) => name));
  const said: string[] = [];
  if (before && before.mode !== after.mode) said.push(`mode: ${before.mode} -> ${after.mode}`);
  if (canonical(before?.base ?? {}) !== canonical(after.base)) said.push('the base is changed');
  for (const name of old.keys()) if (!fresh.has(name)) said.push(`policy "${name}" is gone`);
  const order = [...old.keys()].filter((name) => fresh.has(name));
  const kept = after.policies.filter(({ name }) => old.has(name)).map(({ name }) => name);
  for (const policy of after.policies) {
    const was = old.get(policy.name);
    if (!was) said.push(`policy "${policy.name}" is new`);
    else if (canonical(was.policy) !== canonical(policy)) said.push(`policy "${policy.name}" is changed`);
  }
  if (order.join() !== kept.join()) said.push(`the order of policies is ${after.policies.map(({ name }) => `"${name}"`).join(', ')}`);
  return said;
}

/** Every group that either document names. */
export function knownGroups(...documents: (PolicyDocument | undefined)[]): string[] {
  const groups = documents.flatMap((document) => document?.policies.flatMap(({ match }) => match.groups ?? []) ?? []);
  return [...new Set(groups)].sort();
}

/** What a draft would do to one person. Without a document before it, everybody comes from nothing. */
export function compare(before: PolicyDocument | undefined, after: PolicyDocument, subject: Subject) {
  const nothing: PolicyDocument = { mode: 'first_match', base: {}, policies: [] };
  const [was, is] = [resolve(before ?? nothing, subject), resolve(after, subject)];
  return {
    before: { admitted: was.admitted, administers: was.administers, matched: was.matched },
    after: { admitted: is.admitted, administers: is.administers, matched: is.matched },
    ...difference(was, is),
  };
}

/** Somebody in exactly this group, whom nothing else is known of. Policies for domains, persons, services and environments do not match them. */
export function memberOf(group: string): Subject {
  return { person: '', email: '', groups: [group] };
}
