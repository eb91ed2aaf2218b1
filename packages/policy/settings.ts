/** Writes an effective policy as Claude Code's managed settings. Decides nothing: what may be done was resolved before. */
import type { Effective } from '@gatehouse/rules/resolve';
import { digest } from './canonical.ts';

export type ManagedSettings = Readonly<Record<string, unknown>>;

/** How often the client sends: longer than its defaults (60 s and 5 s), since each call is paid for. */
const metricIntervalMs = 300_000;
const logIntervalMs = 60_000;

/**
 * The client's settings of one person. Keys are those of the client's settings schema; a section of which nothing was said writes nothing.
 * @param gateway.publicUrl the gateway's origin as clients write it: where usage is reported to.
 */
export function managedSettings(effective: Effective, gateway: { publicUrl: string }): ManagedSettings {
  const { models, tools, mcp, client } = effective;
  const permissions = prune({
    allow: tools.allow.length > 0 ? tools.allow : undefined,
    ask: tools.ask.length > 0 ? tools.ask : undefined,
    deny: tools.deny.length > 0 ? tools.deny : undefined,
    defaultMode: tools.default_mode,
    disableBypassPermissionsMode: tools.bypass_disabled ? 'disable' : undefined,
  });
  const env = { ...(effective.settings.env as Record<string, string> | undefined), ...telemetryEnv(effective, gateway.publicUrl) };
  const restricted = models.allow && !models.allow.includes('*');
  return prune({
    ...effective.settings,
    availableModels: restricted ? models.allow?.map(clientModel) : undefined,
    enforceAvailableModels: restricted ? true : undefined,
    deniedModels: models.deny.length > 0 ? models.deny.map(clientModel) : undefined,
    permissions: Object.keys(permissions).length > 0 ? permissions : undefined,
    allowManagedPermissionRulesOnly: tools.managed_only,
    allowedMcpServers: mcp.allow?.map(mcpServer),
    deniedMcpServers: mcp.deny.length > 0 ? mcp.deny.map(mcpServer) : undefined,
    managedMcpServers: Object.keys(mcp.servers).length > 0 ? mcp.servers : undefined,
    allowManagedMcpServersOnly: mcp.managed_only,
    requiredMinimumVersion: client.min_version,
    requiredMaximumVersion: client.max_version,
    env: Object.keys(env).length > 0 ? env : undefined,
  });
}

export interface Delivered {
  etag: string;
  body: { uuid: string; checksum: string; settings: ManagedSettings };
}

/** What `GET /managed/settings` answers, and its entity tag. `uuid` and `checksum` are the same, as in the first-party gateway. */
export function delivery(settings: ManagedSettings): Delivered {
  const checksum = digest(settings);
  return { etag: `"${checksum}"`, body: { uuid: checksum, checksum, settings } };
}

/** RFC 9110 section 13.1.2: weak comparison over the list; `*` holds for anything that exists. */
export function isCurrent(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

/** `claude-code/2.1.330` -> `2.1.330`. */
export function versionIn(userAgent: string | undefined): string | undefined {
  return /^claude-(?:code|cli)\/(\d+\.\d+\.\d+)\b/.exec(userAgent ?? '')?.[1];
}

/** The first checksum of ours in an `If-None-Match`. */
export function heldIn(ifNoneMatch: string | undefined): string | undefined {
  return /"(sha256:[0-9a-f]{64})"/.exec(ifNoneMatch ?? '')?.[1];
}

/** Usage reports go to this gateway unless a layer turned them off. Content gates are written only where a layer spoke of them. */
function telemetryEnv({ telemetry }: Effective, publicUrl: string): Record<string, string> {
  if (telemetry.enabled === false) return {};
  const gate = (on: boolean | undefined) => (on === undefined ? undefined : on ? '1' : '0');
  return prune({
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_ENDPOINT: publicUrl,
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_METRIC_EXPORT_INTERVAL: String(metricIntervalMs),
    OTEL_LOGS_EXPORT_INTERVAL: String(logIntervalMs),
    ...(telemetry.traces && { OTEL_TRACES_EXPORTER: 'otlp', CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1' }),
    OTEL_LOG_USER_PROMPTS: gate(telemetry.prompts),
    OTEL_LOG_ASSISTANT_RESPONSES: gate(telemetry.assistant_responses),
    OTEL_LOG_TOOL_DETAILS: gate(telemetry.tool_details),
    OTEL_LOG_TOOL_CONTENT: gate(telemetry.tool_content),
    // Takes a folder as well as a switch: only switched on, never written as off.
    OTEL_LOG_RAW_API_BODIES: telemetry.raw_api_bodies ? '1' : undefined,
  }) as Record<string, string>;
}

/** The client knows families (`opus`) and whole ids; `opus-4` is ours. */
function clientModel(pattern: string): string {
  return /^[a-z]+-\d/.test(pattern) && !pattern.startsWith('claude') ? `claude-${pattern}` : pattern;
}

function mcpServer(server: Effective['mcp']['deny'][number]): Record<string, unknown> {
  if ('name' in server) return { serverName: server.name };
  return 'url' in server ? { serverUrl: server.url } : { serverCommand: server.command };
}

function prune(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
