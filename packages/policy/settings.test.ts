/** Proves what a client is told: by section, by the names its schema knows, and with the checksum it compares. */
import { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { samplePolicy } from '@gatehouse/rules/sample';
import { settingKeys } from '@gatehouse/rules/settings-keys';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { delivery, isCurrent, managedSettings } from './settings.ts';

const gateway = { publicUrl: 'https://gatehouse.example.com' };
const subject = (group: string) => ({ person: 'per_01h00000000000000000000000', email: 'alice@example.com', groups: [group] });

function settingsOf(policy: Omit<z.input<typeof PolicyDocument>['policies'][number], 'name' | 'match'>) {
  const document = PolicyDocument.parse({ policies: [{ name: 'one', match: { everyone: true }, ...policy }] });
  return managedSettings(resolve(document, subject('any')), gateway);
}

const reporting = {
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'https://gatehouse.example.com',
  OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  OTEL_METRIC_EXPORT_INTERVAL: '300000',
  OTEL_LOGS_EXPORT_INTERVAL: '60000',
};

describe('managed settings', () => {
  it('hold contractors to Haiku without a shell', () => {
    const settings = managedSettings(resolve(PolicyDocument.parse(samplePolicy), subject('contractors')), gateway);
    expect(settings).toEqual({
      availableModels: ['haiku'],
      enforceAvailableModels: true,
      permissions: { deny: ['Bash', 'PowerShell'], disableBypassPermissionsMode: 'disable' },
      requiredMinimumVersion: '2.1.195',
      env: reporting,
    });
  });

  it('do not list models where every model may be used', () => {
    const settings = managedSettings(resolve(PolicyDocument.parse(samplePolicy), subject('engineering')), gateway);
    expect(settings).not.toHaveProperty('availableModels');
    expect(settings).not.toHaveProperty('enforceAvailableModels');
    expect(settings.permissions).toEqual({ disableBypassPermissionsMode: 'disable' });
  });

  it('list no model at all where none is allowed', () => {
    expect(settingsOf({ models: { allow: [] } })).toMatchObject({ availableModels: [], enforceAvailableModels: true });
  });

  it('write every section under names that the client knows', () => {
    const settings = settingsOf({
      models: { allow: ['opus-4', 'haiku'], deny: ['claude-opus-4-1'] },
      tools: { allow: ['Read'], ask: ['Bash'], deny: ['WebFetch'], default_mode: 'plan', managed_only: true },
      mcp: {
        allow: [{ name: 'github' }, { url: 'https://mcp.example.com/*' }],
        deny: [{ command: ['npx', 'evil'] }],
        managed_only: true,
        servers: { docs: { type: 'http', url: 'https://mcp.example.com/docs' } },
      },
      client: { min_version: '2.1.195', max_version: '2.2.0' },
      settings: { cleanupPeriodDays: 7, env: { HTTPS_PROXY: 'http://proxy.example.com' } },
    });
    expect(settings).toEqual({
      availableModels: ['claude-opus-4', 'haiku'],
      enforceAvailableModels: true,
      deniedModels: ['claude-opus-4-1'],
      permissions: { allow: ['Read'], ask: ['Bash'], deny: ['WebFetch'], defaultMode: 'plan' },
      allowManagedPermissionRulesOnly: true,
      allowedMcpServers: [{ serverName: 'github' }, { serverUrl: 'https://mcp.example.com/*' }],
      deniedMcpServers: [{ serverCommand: ['npx', 'evil'] }],
      managedMcpServers: { docs: { type: 'http', url: 'https://mcp.example.com/docs' } },
      allowManagedMcpServersOnly: true,
      requiredMinimumVersion: '2.1.195',
      requiredMaximumVersion: '2.2.0',
      cleanupPeriodDays: 7,
      env: { HTTPS_PROXY: 'http://proxy.example.com', ...reporting },
    });
    for (const key of Object.keys(settings)) expect(settingKeys).toHaveProperty(key);
  });

  it('open content gates only where the policy does, and say nothing of telemetry where it is off', () => {
    expect(settingsOf({ telemetry: { prompts: true, tool_details: false, traces: true, raw_api_bodies: false } }).env).toEqual({
      ...reporting,
      OTEL_LOG_USER_PROMPTS: '1',
      OTEL_LOG_TOOL_DETAILS: '0',
      OTEL_TRACES_EXPORTER: 'otlp',
      CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
    });
    expect(settingsOf({ telemetry: { enabled: false } })).toEqual({});
  });

  it('cannot be led away from this gateway by the document itself', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://elsewhere.example.com' };
    expect(settingsOf({ settings: { env } }).env).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: gateway.publicUrl });
  });
});

describe('the delivery', () => {
  it('carries the checksum as uuid and entity tag', () => {
    const { etag, body } = delivery({ cleanupPeriodDays: 7 });
    expect(body).toEqual({ uuid: body.checksum, checksum: body.checksum, settings: { cleanupPeriodDays: 7 } });
    expect(etag).toBe(`"${body.checksum}"`);
  });

  it.each([
    [undefined, false],
    ['"sha256:other"', false],
    ['"sha256:mine"', true],
    ['W/"sha256:mine"', true],
    ['"a", "sha256:mine"', true],
    ['*', true],
    ['sha256:mine', false],
  ])('is current for If-None-Match %s: %s', (header, answer) => {
    expect(isCurrent(header, '"sha256:mine"')).toBe(answer);
  });
});
