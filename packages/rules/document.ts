/** The policy document: who is matched, and what each match brings. One zod source for types, checks and JSON Schema. Resolves nothing. */
import * as z from 'zod';
import { suggest } from './nearest.ts';
import { type SettingShape, settingKeys } from './settings-keys.ts';
import { ruleProblem } from './tools.ts';

/** A strict object whose refusal of an unknown key names the nearest known one. */
function strict<S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? (issue.keys as string[]).map((key) => `unknown key "${key}"${suggest(key, known)}`).join('. ')
        : undefined,
  });
}

/** At least one and at most 500 distinct texts. */
function listOf<S extends z.ZodType<string>>(item: S, minimum = 0) {
  return z.array(item).min(minimum).max(500);
}

const text = z.string().trim().min(1).max(200);

/** `opus`, `claude-opus-4-8`, `us.anthropic.claude-haiku-4-5-20251001-v1:0`, or `*` for every model. See `models.ts`. */
const ModelPattern = z
  .string()
  .max(256)
  .regex(/^(\*|[A-Za-z0-9][A-Za-z0-9._:@/[\]-]*)$/, 'a model name, a family such as opus, or *');

const ToolRule = z
  .string()
  .max(1_000)
  .superRefine((rule, context) => {
    const problem = ruleProblem(rule);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

/** An MCP server by exactly one of its marks. */
export const McpServer = z.union([strict({ name: text }), strict({ url: text }), strict({ command: z.array(text).min(1) })], {
  error: 'an MCP server is written as {"name": ...}, {"url": ...} or {"command": [...]}',
});

const Models = strict({
  /** Absent: this layer does not restrict. `["*"]`: every model, whatever a weaker layer says. `[]`: none. */
  allow: listOf(ModelPattern).optional(),
  deny: listOf(ModelPattern).optional(),
});

export const Tools = strict({
  /** Runs without asking. */
  allow: listOf(ToolRule).optional(),
  /** Always asks. */
  ask: listOf(ToolRule).optional(),
  /** Never runs. */
  deny: listOf(ToolRule).optional(),
  default_mode: z.enum(['default', 'acceptEdits', 'plan', 'dontAsk']).optional(),
  /** Takes away the mode that skips every question. */
  bypass_disabled: z.boolean().optional(),
  /** A person's own and a project's own rules are ignored. */
  managed_only: z.boolean().optional(),
});

export const Mcp = strict({
  allow: z.array(McpServer).max(500).optional(),
  deny: z.array(McpServer).max(500).optional(),
  /** Only servers that managed settings allow. */
  managed_only: z.boolean().optional(),
  /** Servers delivered by policy (http or sse), by name. */
  servers: z
    .record(
      z.string().regex(/^[\w-]{1,64}$/),
      strict({ type: z.enum(['http', 'sse']), url: z.url(), headers: z.record(text, text).optional() }),
    )
    .optional(),
});

/** Settings that a section of the document writes: two sources for one setting would be a contradiction waiting. */
const owned: Readonly<Record<string, string>> = {
  availableModels: 'models.allow',
  enforceAvailableModels: 'models.allow',
  deniedModels: 'models.deny',
  allowManagedPermissionRulesOnly: 'tools.managed_only',
  allowedMcpServers: 'mcp.allow',
  deniedMcpServers: 'mcp.deny',
  managedMcpServers: 'mcp.servers',
  allowManagedMcpServersOnly: 'mcp.managed_only',
  permissions: 'tools',
  requiredMinimumVersion: 'client.min_version',
  requiredMaximumVersion: 'client.max_version',
};

/** Further managed settings of Claude Code, by their own names. */
export const Settings = z.record(z.string(), z.json()).superRefine((settings, context) => {
  for (const [key, value] of Object.entries(settings)) {
    const section = Object.hasOwn(owned, key) ? owned[key] : undefined;
    const shape = Object.hasOwn(settingKeys, key) ? settingKeys[key] : undefined;
    const message = section
      ? `"${key}" is written by the section ${section}: say it there`
      : shape === undefined
        ? `unknown Claude Code setting "${key}"${suggest(key, Object.keys(settingKeys))}`
        : fits(shape, value)
          ? undefined
          : `the setting "${key}" takes ${shapeNames[shape]}`;
    if (message) context.addIssue({ code: 'custom', path: [key], message });
  }
  if ('forceLoginMethod' in settings && 'apiKeyHelper' in settings)
    context.addIssue({
      code: 'custom',
      path: ['apiKeyHelper'],
      message: 'with forceLoginMethod the client refuses every apiKeyHelper at start: keep one of the two',
    });
});

const shapeNames: Readonly<Record<SettingShape, string>> = {
  boolean: 'true or false',
  string: 'a text',
  number: 'a number',
  strings: 'a list of texts',
  list: 'a list',
  texts: 'an object whose values are texts',
  record: 'an object',
  any: 'anything',
};

/** Whether the client knows the setting, and the value has the shape that it takes. */
export function settingFits(key: string, value: unknown): boolean {
  const shape = Object.hasOwn(settingKeys, key) ? settingKeys[key] : undefined;
  return shape !== undefined && fits(shape, value);
}

function fits(shape: SettingShape, value: unknown): boolean {
  switch (shape) {
    case 'boolean':
    case 'string':
    case 'number':
      return typeof value === shape;
    case 'strings':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'list':
      return Array.isArray(value);
    case 'texts':
      return isRecord(value) && Object.values(value).every((one) => typeof one === 'string');
    case 'record':
      return isRecord(value);
    case 'any':
      return true;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** enterprise: signed in with Anthropic directly; governed: through Gatehouse or LiteLLM; local: a model server of the company's own. */
export const RouteName = z.enum(['enterprise', 'governed', 'local']);
export type RouteName = z.infer<typeof RouteName>;

export const Routes = strict({
  /** `["enterprise"]` is the enterprise-only switch. */
  allow: z.array(RouteName).min(1).optional(),
  default: RouteName.optional(),
  /** Where a person may turn when the default does not work for them. */
  fallback: RouteName.nullable().optional(),
  governed_through: z.enum(['gatehouse', 'litellm']).optional(),
  /** LiteLLM's Anthropic base, e.g. `https://litellm.example.com/anthropic`. */
  litellm_url: z.url().optional(),
  local_url: z.url().optional(),
});

const Period = z.enum(['daily', 'weekly', 'monthly']);

/** A limit per UTC day, ISO week or calendar month. `person`: each has their own; `group`: one pot shared by that group. */
export const Budget = strict({
  period: Period,
  amount_micros: z.int().nonnegative(),
  scope: z.enum(['person', 'group']),
  group: text.optional(),
  /** Told before the wall, in percent of the amount. */
  warn_percent: z.array(z.int().min(1).max(99)).max(10).optional(),
}).superRefine(({ scope, group }, context) => {
  if (scope === 'group' && group === undefined)
    context.addIssue({ code: 'custom', path: ['group'], message: 'a shared budget names its group' });
  if (scope === 'person' && group !== undefined)
    context.addIssue({ code: 'custom', path: ['group'], message: 'only a budget of scope "group" has a group' });
});
export type Budget = z.infer<typeof Budget>;

const action = z.enum(['block', 'mask', 'off']).optional();
export const Guardrails = strict({ pii: action, financial: action, secrets: action });

export const Enforcement = z.enum(['unrestricted', 'standard', 'design-first']);
export type Enforcement = z.infer<typeof Enforcement>;

/** A paid seat of Claude Enterprise, given and taken by lifecycle. */
export const Seats = strict({ claude: z.enum(['none', 'standard', 'premium']).optional() });

export const Workspaces = strict({
  template: text.optional(),
  cpu: z.int().positive().max(64).optional(),
  memory_gb: z.int().positive().max(512).optional(),
  disk_gb: z.int().positive().max(4_096).optional(),
  idle_stop_minutes: z.int().positive().max(10_080).optional(),
  /** How many a person may have. 0: none. */
  maximum: z.int().nonnegative().max(100).optional(),
});

/** Virtual keys for tools that cannot sign in. */
export const Keys = strict({
  /** 0: none. */
  maximum: z.int().nonnegative().max(100).optional(),
  models: listOf(ModelPattern).optional(),
  budget: strict({ period: Period, amount_micros: z.int().nonnegative() }).optional(),
  duration_days: z.int().positive().max(366).optional(),
});

/** What usage reports may contain. Everything but counts and costs is off unless a layer says otherwise. */
export const Telemetry = strict({
  enabled: z.boolean().optional(),
  traces: z.boolean().optional(),
  prompts: z.boolean().optional(),
  assistant_responses: z.boolean().optional(),
  tool_details: z.boolean().optional(),
  tool_content: z.boolean().optional(),
  raw_api_bodies: z.boolean().optional(),
});

const Version = z.string().regex(/^\d+\.\d+\.\d+$/, 'a version such as 2.1.330');
export const Client = strict({ min_version: Version.optional(), max_version: Version.optional() }).superRefine((range, context) => {
  if (range.min_version && range.max_version && compareVersions(range.min_version, range.max_version) > 0)
    context.addIssue({ code: 'custom', path: ['max_version'], message: `is below min_version ${range.min_version}: nobody could start` });
});

export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) if (left![i] !== right![i]) return left![i]! - right![i]!;
  return 0;
}

const content = {
  models: Models.optional(),
  tools: Tools.optional(),
  mcp: Mcp.optional(),
  settings: Settings.optional(),
  routes: Routes.optional(),
  budgets: z.array(Budget).max(50).optional(),
  guardrails: Guardrails.optional(),
  enforcement: Enforcement.optional(),
  seats: Seats.optional(),
  workspaces: Workspaces.optional(),
  keys: Keys.optional(),
  telemetry: Telemetry.optional(),
  client: Client.optional(),
};

/** What lies under every admitted person. It admits nobody and makes nobody an administrator. */
export const Base = strict(content).superRefine(oneBudgetEach);
export type Base = z.infer<typeof Base>;

const matchers = ['groups', 'email_domains', 'persons', 'services', 'environments', 'everyone'] as const;

/** Every field named must hold; within a field one member is enough. */
export const Match = strict({
  groups: listOf(text, 1).optional(),
  /** Exactly this domain, not those below it. */
  email_domains: listOf(
    z
      .string()
      .toLowerCase()
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a domain such as example.com'),
    1,
  ).optional(),
  persons: listOf(
    z.string().regex(/^per_[0-9a-z]{26}$/, "a person's id (per_...), not an address: addresses are given to others"),
    1,
  ).optional(),
  services: listOf(text, 1).optional(),
  /** Where the caller works, as its token says. */
  environments: listOf(text, 1).optional(),
  everyone: z.literal(true).optional(),
}).superRefine((match, context) => {
  const named = matchers.filter((name) => match[name] !== undefined);
  if (named.length === 0)
    context.addIssue({
      code: 'custom',
      message:
        'an empty match is refused: name groups, email_domains, persons, services or environments, or write {"everyone": true} if everyone is meant',
    });
  if (match.everyone && named.length > 1)
    context.addIssue({ code: 'custom', path: ['everyone'], message: '"everyone" stands alone: other members would narrow it' });
});
export type Match = z.infer<typeof Match>;

export const Policy = strict({
  /** `base` is the name of what lies under all. */
  name: z.string().regex(/^(?!base$)[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63, and not "base"'),
  description: z.string().max(500).optional(),
  match: Match,
  /** `false` refuses whom it matches, whatever another policy says in layered mode. */
  admit: z.boolean().optional(),
  /** May change policies and people. `false` takes it away from weaker layers. */
  administer: z.boolean().optional(),
  ...content,
}).superRefine(oneBudgetEach);
export type Policy = z.infer<typeof Policy>;

function oneBudgetEach(layer: { budgets?: readonly Budget[] | undefined }, context: z.core.$RefinementCtx): void {
  const seen = new Set<string>();
  layer.budgets?.forEach((budget, index) => {
    if (seen.has(budgetKey(budget)))
      context.addIssue({
        code: 'custom',
        path: ['budgets', index],
        message: `a second ${budget.period} budget of the same scope in one layer`,
      });
    seen.add(budgetKey(budget));
  });
}

/** What makes two budgets the same budget with another amount. */
export function budgetKey({ period, scope, group }: Pick<Budget, 'period' | 'scope' | 'group'>): string {
  return `${scope} ${group ?? ''} ${period}`;
}

export const PolicyDocument = strict({
  /** first_match: the first policy that matches, over the base. layered: all that match, an earlier one stronger, over the base. */
  mode: z.enum(['first_match', 'layered']).default('first_match'),
  base: Base.default({}),
  policies: z.array(Policy).max(1_000),
}).superRefine(({ policies }, context) => {
  const first = new Map<string, number>();
  policies.forEach(({ name }, index) => {
    if (first.has(name))
      context.addIssue({
        code: 'custom',
        path: ['policies', index, 'name'],
        message: `"${name}" is already the name of policies[${first.get(name)}]`,
      });
    else first.set(name, index);
  });
});
export type PolicyDocument = z.infer<typeof PolicyDocument>;
/** What one layer brings, without whom it is for. */
export type Content = Base;
