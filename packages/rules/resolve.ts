/** Resolves the document for one person: which policies match and what they add up to. Pure and quick; reads no clock, store or token. */

import type * as z from 'zod';
import {
  type Budget,
  budgetKey,
  type Client,
  type Content,
  compareVersions,
  type Enforcement,
  type Guardrails,
  type Keys,
  type Match,
  type Mcp,
  type McpServer,
  type Policy,
  type PolicyDocument,
  type RouteName,
  type Routes,
  type Seats,
  type Telemetry,
  type Tools,
  type Workspaces,
} from './document.ts';

/** Whom a call is for. `service` and `environment` only where the token names them: a policy that asks for one matches nobody without it. */
export interface Subject {
  person: string;
  email: string;
  groups: readonly string[];
  service?: string | undefined;
  environment?: string | undefined;
}

/** One matched policy, or the base. */
export interface Layer {
  name: string;
  content: Content;
  policy?: Policy;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** What holds for one person, all layers folded. Absent means: nothing was said. */
export interface Effective {
  /** False: no policy matches, or one refuses. Then every list below allows nothing. */
  admitted: boolean;
  administers: boolean;
  /** Names of the policies that applied, strongest first, without the base. */
  matched: string[];
  models: { allow?: string[]; deny: string[] };
  tools: { allow: string[]; ask: string[]; deny: string[] } & Present<
    Pick<z.infer<typeof Tools>, 'default_mode' | 'bypass_disabled' | 'managed_only'>
  >;
  mcp: {
    allow?: z.infer<typeof McpServer>[];
    deny: z.infer<typeof McpServer>[];
    managed_only?: boolean;
    servers: NonNullable<z.infer<typeof Mcp>['servers']>;
  };
  /** Further managed settings of the client, by their own names. */
  settings: Record<string, unknown>;
  routes: {
    allow: RouteName[];
    default: RouteName;
    fallback?: RouteName;
    governed_through: 'gatehouse' | 'litellm';
    litellm_url?: string;
    local_url?: string;
  };
  budgets: Budget[];
  guardrails: Present<z.infer<typeof Guardrails>>;
  enforcement: Enforcement;
  seats: Present<z.infer<typeof Seats>>;
  workspaces: Present<z.infer<typeof Workspaces>>;
  keys: Present<z.infer<typeof Keys>>;
  telemetry: Present<z.infer<typeof Telemetry>>;
  client: Present<z.infer<typeof Client>>;
  /** Which layers said what: `models.allow` -> [`engineering`], `models.deny` -> all that added to it. */
  sources: Record<string, string[]>;
}

/** Whether a match holds. Groups are compared letter by letter, as the directory writes them. */
export function matches(match: Match, subject: Subject): boolean {
  const { groups, email_domains, persons, services, environments } = match;
  if (match.everyone) return true;
  // Most policies do not match, and most of those for their groups: looked at first, and no list is made.
  if (groups && !groups.some((group) => subject.groups.includes(group))) return false;
  if (email_domains && !email_domains.includes(domainOf(subject.email))) return false;
  if (persons && !persons.includes(subject.person)) return false;
  if (services && (subject.service === undefined || !services.includes(subject.service))) return false;
  if (environments && (subject.environment === undefined || !environments.includes(subject.environment))) return false;
  return Boolean(groups ?? email_domains ?? persons ?? services ?? environments);
}

/** Empty for what is no address: no policy names that. */
function domainOf(email: string): string {
  const at = email.lastIndexOf('@');
  return at < 0 ? '' : email.slice(at + 1).toLowerCase();
}

/** The layers that apply, strongest first, the base last. Without a matching policy there are none: the base admits nobody. */
export function layersOf(document: PolicyDocument, subject: Subject): Layer[] {
  const matched: Layer[] = [];
  for (const policy of document.policies) {
    if (!matches(policy.match, subject)) continue;
    matched.push({ name: policy.name, content: policy, policy });
    if (document.mode === 'first_match') break;
  }
  return matched.length === 0 ? [] : [...matched, { name: 'base', content: document.base }];
}

/**
 * The effective policy of one person. Lists that allow are replaced by the strongest layer that has one; lists that deny or ask are united;
 * records are merged member by member, the strongest layer's word standing; a budget is replaced by one of the same period and scope.
 */
export function resolve(document: PolicyDocument, subject: Subject): Effective {
  const layers = layersOf(document, subject);
  const matched = layers.flatMap(({ policy }) => (policy ? [policy.name] : []));
  const refusing = layers.filter(({ policy }) => policy?.admit === false).map(({ name }) => name);
  if (layers.length === 0 || refusing.length > 0) return refused(matched, refusing);
  return fold(layers, matched);
}

/** What the base alone says: for delivery when nobody can be asked whom it is for. It admits nobody. */
export function baseline(document: PolicyDocument): Effective {
  return { ...fold([{ name: 'base', content: document.base }], []), admitted: false };
}

function refused(matched: string[], refusing: string[]): Effective {
  return {
    admitted: false,
    administers: false,
    matched,
    models: { allow: [], deny: ['*'] },
    tools: { allow: [], ask: [], deny: ['*'] },
    mcp: { allow: [], deny: [], managed_only: true, servers: {} },
    settings: {},
    routes: { allow: [], default: 'governed', governed_through: 'gatehouse' },
    budgets: [],
    guardrails: {},
    enforcement: 'standard',
    seats: { claude: 'none' },
    workspaces: { maximum: 0 },
    keys: { maximum: 0 },
    telemetry: {},
    client: {},
    sources: refusing.length > 0 ? { admitted: refusing } : {},
  };
}

function fold(layers: readonly Layer[], matched: string[]): Effective {
  const sources: Record<string, string[]> = {};
  const said = (what: string, layer: string) => {
    sources[what] ??= [];
    if (!sources[what].includes(layer)) sources[what].push(layer);
  };
  /** The strongest layer's word. */
  const first = <T>(what: string, of: (layer: Layer) => T | undefined): T | undefined => {
    for (const layer of layers) {
      const value = of(layer);
      if (value === undefined) continue;
      said(what, layer.name);
      return value;
    }
    return undefined;
  };
  /** Every layer's members, each once, in the order of strength. */
  const union = <T>(what: string, of: (content: Content) => readonly T[] | undefined): T[] => {
    const all = new Map<string, T>();
    for (const { name, content } of layers)
      for (const member of of(content) ?? []) {
        all.set(typeof member === 'string' ? member : JSON.stringify(member), member);
        said(what, name);
      }
    return [...all.values()];
  };
  /** Member by member, the strongest layer's word standing. */
  const merge = <T extends object>(what: string, of: (content: Content) => T | undefined): Present<T> => {
    const result: Record<string, unknown> = {};
    for (const { name, content } of layers)
      for (const [key, value] of Object.entries(of(content) ?? {})) {
        if (value === undefined || Object.hasOwn(result, key)) continue;
        result[key] = value;
        said(`${what}.${key}`, name);
      }
    return result as Present<T>;
  };

  const allowModels = first('models.allow', ({ content }) => content.models?.allow);
  const allowMcp = first('mcp.allow', ({ content }) => content.mcp?.allow);
  const managedOnly = first('mcp.managed_only', ({ content }) => content.mcp?.managed_only);
  return {
    admitted: true,
    administers: first('administer', ({ policy }) => policy?.administer) ?? false,
    matched,
    models: { ...(allowModels && { allow: [...allowModels] }), deny: union('models.deny', ({ models }) => models?.deny) },
    tools: {
      allow: [...(first('tools.allow', ({ content }) => content.tools?.allow) ?? [])],
      ask: union('tools.ask', ({ tools }) => tools?.ask),
      deny: union('tools.deny', ({ tools }) => tools?.deny),
      ...merge('tools', ({ tools }) => {
        const { allow: _allow, ask: _ask, deny: _deny, ...rest } = tools ?? {};
        return rest;
      }),
    },
    mcp: {
      ...(allowMcp && { allow: [...allowMcp] }),
      deny: union('mcp.deny', ({ mcp }) => mcp?.deny),
      ...(managedOnly !== undefined && { managed_only: managedOnly }),
      servers: merge('mcp.servers', ({ mcp }) => mcp?.servers) as Effective['mcp']['servers'],
    },
    settings: settings(layers, said),
    routes: routes(merge('routes', ({ routes }) => routes)),
    budgets: budgets(layers, said),
    guardrails: merge('guardrails', ({ guardrails }) => guardrails),
    enforcement: first('enforcement', ({ content }) => content.enforcement) ?? 'standard',
    seats: merge('seats', ({ seats }) => seats),
    workspaces: merge('workspaces', ({ workspaces }) => workspaces),
    keys: merge('keys', ({ keys }) => keys),
    telemetry: merge('telemetry', ({ telemetry }) => telemetry),
    client: client(
      layers,
      merge('client', ({ client }) => client),
      sources,
    ),
    sources,
  };
}

/** Settings whose members are merged one by one, and lists that forbid and are therefore united; every other setting is replaced whole. */
const mergedSettings = new Set(['env', 'modelOverrides', 'skillOverrides']);
const unitedSettings = new Set(['blockedMarketplaces', 'disabledMcpjsonServers']);

function settings(layers: readonly Layer[], said: (what: string, layer: string) => void): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { name, content } of layers)
    for (const [key, value] of Object.entries(content.settings ?? {})) {
      const known = Object.hasOwn(result, key);
      if (known && !mergedSettings.has(key) && !unitedSettings.has(key) && key !== 'hooks') continue;
      said(`settings.${key}`, name);
      if (!known) result[key] = value;
      else if (mergedSettings.has(key)) result[key] = { ...(value as object), ...(result[key] as object) };
      else if (unitedSettings.has(key)) result[key] = distinct([...(result[key] as unknown[]), ...(value as unknown[])]);
      else result[key] = uniteHooks(result[key] as Hooks, value as Hooks);
    }
  return result;
}

type Hooks = Record<string, unknown>;
function uniteHooks(stronger: Hooks, weaker: Hooks): Hooks {
  const result: Hooks = { ...weaker, ...stronger };
  for (const event of Object.keys(stronger)) {
    const [mine, theirs] = [stronger[event], weaker[event]];
    if (Array.isArray(mine) && Array.isArray(theirs)) result[event] = distinct([...mine, ...theirs]);
  }
  return result;
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** A default or a fallback that the allowed routes do not hold gives way: layers may disagree. */
function routes({ allow: stated, default: wanted, fallback: second, ...rest }: Present<z.infer<typeof Routes>>): Effective['routes'] {
  const allow = stated ?? (wanted ? distinctRoutes([wanted, second]) : (['governed'] as const));
  const preferred = wanted && allow.includes(wanted) ? wanted : allow[0]!;
  const fallback = second && second !== preferred && allow.includes(second) ? second : undefined;
  return { governed_through: 'gatehouse', ...rest, allow: [...allow], default: preferred, ...(fallback && { fallback }) };
}

function distinctRoutes(names: readonly (RouteName | null | undefined)[]): RouteName[] {
  return [...new Set(names.filter((name) => name !== null && name !== undefined))];
}

function budgets(layers: readonly Layer[], said: (what: string, layer: string) => void): Budget[] {
  const result = new Map<string, Budget>();
  for (const { name, content } of layers)
    for (const budget of content.budgets ?? []) {
      const key = budgetKey(budget);
      if (result.has(key)) continue;
      result.set(key, budget);
      said(`budgets.${key.replaceAll(/ +/g, '.')}`, name);
    }
  return [...result.values()];
}

/** When one layer's minimum is above another's maximum nobody could start: the weaker word is dropped. */
function client(layers: readonly Layer[], range: Effective['client'], sources: Record<string, string[]>): Effective['client'] {
  const { min_version: min, max_version: max } = range;
  if (!min || !max || compareVersions(min, max) <= 0) return range;
  const strength = (what: string) => layers.findIndex(({ name }) => sources[what]?.includes(name));
  return strength('client.min_version') < strength('client.max_version') ? { min_version: min } : { max_version: max };
}
