/** Proves that what others configured arrives with its meaning, and that the rest is named. */
import { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { describe, expect, it } from 'vitest';
import { importEnvironment, importGateway } from './import.ts';
import { managedSettings } from './settings.ts';

const subject = (...groups: string[]) => ({ person: '', email: 'alice@example.com', groups });

describe("a gateway's policies", () => {
  const managed = {
    policy_mode: 'first_match',
    policies: [
      {
        match: { groups: ['eng contractors'] },
        cli: {
          availableModels: ['claude-sonnet-4-6', 'claude-haiku-4-5'],
          enforceAvailableModels: true,
          permissions: { deny: ['WebFetch', 'Bash(curl *)'], disableBypassPermissionsMode: 'disable', additionalDirectories: ['/srv'] },
          allowedMcpServers: [{ serverName: 'github' }],
          env: { CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1' },
          madeUp: true,
        },
        desktop: {},
      },
      { match: {}, cli: { permissions: { deny: ['Read(./.env)'] } } },
    ],
  };
  const imported = importGateway(managed);

  it('give people the same settings as there', () => {
    expect(imported.problems).toEqual([]);
    const document = PolicyDocument.parse(imported.document);
    const settings = managedSettings(resolve(document, subject('eng contractors')), { publicUrl: 'https://gatehouse.example.com' });
    expect(settings).toMatchObject({
      availableModels: ['claude-sonnet-4-6', 'claude-haiku-4-5'],
      enforceAvailableModels: true,
      permissions: { deny: ['WebFetch', 'Bash(curl *)', 'Read(./.env)'], disableBypassPermissionsMode: 'disable' },
      allowedMcpServers: [{ serverName: 'github' }],
      env: { CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1' },
    });
    expect(resolve(document, subject()).tools.deny).toEqual(['Read(./.env)']);
  });

  it('come with a list of what has no place', () => {
    expect(imported.left.map(({ what }) => what)).toEqual([
      'policies[0].desktop',
      'policies[0].cli.permissions.additionalDirectories',
      'policies[0].cli.madeUp',
    ]);
    expect(imported.notes.join()).toContain('everyone who can sign in is admitted');
  });

  it('say their problems instead of failing', () => {
    const broken = importGateway({ policies: [{ match: { groups: 'not a list' }, cli: { availableModels: ['opus'] } }] });
    expect(broken.problems[0]?.path).toBe('policies[0].match.groups');
    expect(broken.notes.join()).toContain('was not enforced there');
    expect(importGateway('nonsense').problems).toEqual([]);
  });
});

describe('environment variables', () => {
  it('become a policy for the group, with a warning about rules that miss', () => {
    const imported = importEnvironment({
      DENY_TOOL_GROUP: 'contractors',
      DENY_TOOLS: 'mcp__bash, WebFetch',
      ENFORCE_MODELS: 'x',
      AWS_REGION: 'y',
    });
    expect(imported).toMatchObject({
      document: {
        policies: [
          { name: 'denied-tools', match: { groups: ['contractors'] }, tools: { deny: ['mcp__bash', 'WebFetch'] } },
          { name: 'everyone' },
        ],
      },
      notes: ['"mcp__bash" denies an MCP server of that name. To deny the shell write "Bash".'],
      problems: [],
    });
    expect(imported.left.map(({ what }) => what)).toEqual(['ENFORCE_MODELS', 'AWS_REGION']);
    expect(importEnvironment({ DENY_TOOLS: 'WebFetch' }).left).toHaveLength(1);
  });
});
