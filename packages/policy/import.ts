/**
 * Reads what others configured as a policy document: the policies of the Claude apps gateway, and the environment variables of a deployment
 * script for it. Publishes nothing; what could not be carried over is listed, never dropped in silence.
 */
import { type Problem, parseDocument } from '@gatehouse/rules/problems';
import { settingKeys } from '@gatehouse/rules/settings-keys';

export interface Imported {
  /** A draft: it may still have problems. */
  document: Record<string, unknown>;
  /** What has no place here, by where it stood. */
  left: { what: string; why: string }[];
  /** What is carried over and means something else than it seems. */
  notes: string[];
  problems: Problem[];
}

type Bag = Record<string, unknown>;

/** @param managed the member `managed` of the gateway's configuration, as JSON: `{policy_mode, policies: [{match, cli | code | settings}]}`. */
export function importGateway(managed: unknown): Imported {
  const found: Pick<Imported, 'left' | 'notes'> = { left: [], notes: [] };
  const { policy_mode, policies, ...others } = bag(managed);
  leave(found.left, 'managed', others, 'it is not about policies');
  let base: Bag = {};
  const carried: Bag[] = [];
  for (const [index, value] of (Array.isArray(policies) ? policies : []).entries()) {
    const where = `policies[${index}]`;
    const { match, cli, code, settings, ...rest } = bag(value);
    leave(found.left, where, rest, 'only what Claude Code itself reads is carried over');
    const content = contentOf(bag(cli ?? code ?? settings), `${where}.cli`, found);
    const matched = matchOf(bag(match), where, found.left);
    if (matched) carried.push({ name: nameOf(matched, index), match: matched, ...content });
    else base = content;
  }
  found.notes.push(
    'There, everyone who can sign in is admitted. The last policy, "everyone", keeps that: take it out to refuse those whom no other policy matches.',
  );
  const document = {
    mode: policy_mode === 'layered' ? 'layered' : 'first_match',
    base,
    policies: [...carried, { name: 'everyone', match: { everyone: true } }],
  };
  return finish(document, found);
}

/** @param variables `DENY_TOOL_GROUP` and `DENY_TOOLS`; every other variable is listed as left. */
export function importEnvironment(variables: Readonly<Record<string, string>>): Imported {
  const { DENY_TOOL_GROUP: group, DENY_TOOLS: tools, ...others } = variables;
  const found: Pick<Imported, 'left' | 'notes'> = { left: [], notes: [] };
  leave(found.left, '', others, 'it configures the deployment, or has no meaning here');
  const deny = list(tools);
  const policies: Bag[] = [{ name: 'everyone', match: { everyone: true } }];
  if (group && deny.length > 0) {
    policies.unshift({ name: 'denied-tools', match: { groups: [group] }, tools: { deny } });
    noteTools(deny, found.notes);
  } else if (group || deny.length > 0)
    found.left.push({ what: group ? 'DENY_TOOL_GROUP' : 'DENY_TOOLS', why: 'one of the two is of no use without the other' });
  return finish({ mode: 'first_match', base: {}, policies }, found);
}

/** Settings that are sections here. */
function contentOf(settings: Bag, where: string, found: Pick<Imported, 'left' | 'notes'>): Bag {
  const {
    availableModels,
    deniedModels,
    enforceAvailableModels,
    permissions,
    allowManagedPermissionRulesOnly,
    allowedMcpServers,
    deniedMcpServers,
    managedMcpServers,
    allowManagedMcpServersOnly,
    requiredMinimumVersion,
    requiredMaximumVersion,
    ...rest
  } = settings;
  if (availableModels !== undefined && enforceAvailableModels !== true)
    found.notes.push(`${where}: availableModels was not enforced there; here models.allow always is.`);
  const { allow, ask, deny, defaultMode, disableBypassPermissionsMode, ...otherPermissions } = bag(permissions);
  leave(found.left, `${where}.permissions`, otherPermissions, 'no section holds it');
  noteTools(Array.isArray(deny) ? deny : [], found.notes);
  const known = Object.fromEntries(Object.entries(rest).filter(([key]) => Object.hasOwn(settingKeys, key)));
  leave(
    found.left,
    where,
    Object.fromEntries(Object.entries(rest).filter(([key]) => !Object.hasOwn(settingKeys, key))),
    'Claude Code 2.1.330 knows no such setting',
  );
  return (
    some({
      models: some({ allow: availableModels, deny: deniedModels }),
      tools: some({
        allow,
        ask,
        deny,
        default_mode: defaultMode,
        bypass_disabled: disableBypassPermissionsMode === 'disable' ? true : undefined,
        managed_only: allowManagedPermissionRulesOnly,
      }),
      mcp: some({
        allow: servers(allowedMcpServers),
        deny: servers(deniedMcpServers),
        servers: managedMcpServers,
        managed_only: allowManagedMcpServersOnly,
      }),
      client: some({ min_version: requiredMinimumVersion, max_version: requiredMaximumVersion }),
      settings: some(known),
    }) ?? {}
  );
}

/** Undefined for `{}`, which is the base there. */
function matchOf(match: Bag, where: string, left: Imported['left']): Bag | undefined {
  const { groups, email_domain, ...rest } = match;
  leave(left, `${where}.match`, rest, 'nothing here matches by it');
  return some({ groups, email_domains: typeof email_domain === 'string' ? [email_domain] : email_domain });
}

function nameOf(match: Bag, index: number): string {
  const [first] = Array.isArray(match.groups) ? match.groups : [];
  const word = String(first ?? 'policy')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${word.slice(0, 50) || 'policy'}-${index + 1}`;
}

function servers(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((server) => {
    const { serverName, serverUrl, serverCommand } = bag(server);
    return some({ name: serverName, url: serverUrl, command: serverCommand }) ?? server;
  });
}

/** A rule that is often meant to forbid the shell, and does not. */
function noteTools(rules: readonly unknown[], notes: string[]): void {
  for (const rule of rules)
    if (rule === 'mcp__bash' || rule === 'mcp__computer')
      notes.push(`"${rule}" denies an MCP server of that name. To deny the shell write "Bash".`);
}

function finish(document: Bag, found: Pick<Imported, 'left' | 'notes'>): Imported {
  const parsed = parseDocument(document);
  return { document, ...found, problems: parsed.ok ? [] : parsed.refusal.problems };
}

function leave(left: Imported['left'], where: string, members: Bag, why: string): void {
  for (const key of Object.keys(members)) left.push({ what: where ? `${where}.${key}` : key, why });
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function bag(value: unknown): Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Bag) : {};
}

/** Without members that are undefined; undefined when none is left. */
function some(members: Bag): Bag | undefined {
  const kept = Object.entries(members).filter(([, value]) => value !== undefined);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}
