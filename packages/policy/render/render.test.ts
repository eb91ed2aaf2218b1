/** Proves each rendering against what its reader takes: the client's setting names, LiteLLM's request, Coder's parameters, and a real shell. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { samplePolicy } from '@gatehouse/rules/sample';
import { settingKeys } from '@gatehouse/rules/settings-keys';
import { afterAll, describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { helperFile, machineFile, policyHelperOutput } from './client-file.ts';
import { coderWorkspace } from './coder-workspace.ts';
import { litellmKey } from './litellm-key.ts';
import { shellSnippet, staleVariables } from './shell.ts';

const person = 'per_01h00000000000000000000000';
const gateway = { publicUrl: 'https://gatehouse.example.com' };
const sample = (group: string) => resolve(PolicyDocument.parse(samplePolicy), { person, email: 'alice@example.com', groups: [group] });
type Content = Omit<z.input<typeof PolicyDocument>['policies'][number], 'name' | 'match'>;
const effective = (content: Content) =>
  resolve(PolicyDocument.parse({ policies: [{ name: 'one', match: { everyone: true }, ...content }] }), { person, email: '', groups: [] });

describe("the client's files", () => {
  it('wrap what a policyHelper prints', () => {
    expect(policyHelperOutput(sample('contractors'), gateway)).toMatchObject({ managedSettings: { availableModels: ['haiku'] } });
    expect(helperFile({ path: '/opt/gatehouse/policy', refreshMinutes: 0 })).toEqual({
      policyHelper: { path: '/opt/gatehouse/policy', timeoutMs: 10_000, refreshIntervalMs: 60_000 },
    });
  });

  it('pin the sign-in that the policy names, under setting names that the client knows', () => {
    const governed = machineFile(sample('contractors'), gateway);
    expect(governed).toMatchObject({ forceLoginMethod: 'gateway', forceLoginGatewayUrl: gateway.publicUrl });
    for (const key of Object.keys(governed)) expect(settingKeys).toHaveProperty(key);
    expect(machineFile(effective({ routes: { allow: ['enterprise'] } }), gateway)).toMatchObject({ forceLoginMethod: 'claudeai' });
    expect(machineFile(effective({ settings: { apiKeyHelper: '/bin/key' } }), gateway)).not.toHaveProperty('forceLoginMethod');
    expect(machineFile(effective({ routes: { default: 'governed', governed_through: 'litellm' } }), gateway)).not.toHaveProperty(
      'forceLoginMethod',
    );
  });
});

describe("LiteLLM's key", () => {
  const catalogue = ['claude-haiku-4-5', 'claude-opus-4', 'gpt-oss'];

  it('carries the models that both the person and the entitlement allow', () => {
    expect(litellmKey(sample('contractors'), person, catalogue)).toEqual({
      user_id: person,
      models: ['claude-haiku-4-5'],
      max_budget: 50,
      budget_duration: '30d',
      duration: '30d',
      metadata: { gatehouse_person: person, gatehouse_policies: ['contractors'], enforcement_level: 'standard', guardrails: {} },
    });
    expect(litellmKey(sample('engineering'), person, catalogue)?.models).toEqual(catalogue);
  });

  it('is none where no key or no model is allowed: an empty list would mean every model', () => {
    expect(litellmKey(sample('platform-admins'), person, catalogue)).toBeUndefined();
    expect(litellmKey(sample('nobody'), person, catalogue)).toBeUndefined();
    expect(litellmKey(sample('contractors'), person, ['gpt-oss'])).toBeUndefined();
  });

  it('tells the hooks level and strictest action', () => {
    const guarded = effective({
      keys: { maximum: 1 },
      enforcement: 'design-first',
      guardrails: { pii: 'mask', secrets: 'block', financial: 'off' },
    });
    expect(litellmKey(guarded, person, catalogue)?.metadata).toMatchObject({
      enforcement_level: 'design-first',
      guardrails: { pii: 'mask', secrets: 'block', financial: 'off' },
      guardrail_level: 'standard',
      guardrail_action: 'block',
    });
    const off = effective({ keys: { maximum: 1 }, guardrails: { pii: 'off' } });
    expect(litellmKey(off, person, catalogue)?.metadata).toMatchObject({ guardrail_level: 'off' });
  });
});

describe("Coder's workspace", () => {
  it('carries what the policy speaks of, as texts', () => {
    expect(coderWorkspace(sample('engineering'))).toEqual({
      template: 'claude-code',
      rich_parameter_values: [
        { name: 'cpu_cores', value: '4' },
        { name: 'memory_gb', value: '8' },
      ],
      ttl_ms: 7_200_000,
      maximum: 2,
    });
    expect(coderWorkspace(sample('contractors'))).toBeUndefined();
  });
});

describe('the shell snippet', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-shell-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const claude = path.join(folder, 'claude');
  writeFileSync(claude, '#!/bin/sh\necho "base=$ANTHROPIC_BASE_URL key=$ANTHROPIC_API_KEY token=$ANTHROPIC_AUTH_TOKEN args=$*"\n');
  chmodSync(claude, 0o755);
  const env = { PATH: `${folder}:/usr/bin:/bin`, OPENAI_API_KEY: 'sk-mine' };
  const run = (snippet: string, command: string, more: Record<string, string> = {}) =>
    spawnSync('bash', ['-c', `shopt -s expand_aliases\nalias claude-local='old'\neval "$SNIPPET"\n${command}`], {
      env: { ...env, ...more, SNIPPET: snippet },
      encoding: 'utf8',
    });
  const all = shellSnippet(
    effective({
      routes: {
        allow: ['enterprise', 'governed', 'local'],
        default: 'governed',
        governed_through: 'litellm',
        litellm_url: "http://litellm:4000/anthropic?it's",
        local_url: 'http://host.docker.internal:11434',
      },
    }),
  );

  it('gives each allowed route its command, and the default to claude itself', () => {
    const litellm = "base=http://litellm:4000/anthropic?it's key=sk-mine token= args=-p hello";
    expect(run(all, 'claude -p hello').stdout.trim()).toBe(litellm);
    expect(run(all, 'claude-litellm -p hello').stdout.trim()).toBe(litellm);
    expect(run(all, 'claude-local').stdout.trim()).toBe('base=http://host.docker.internal:11434 key= token=local args=');
    expect(run(all, 'claude-enterprise x', { ANTHROPIC_API_KEY: 'sk-old' }).stdout.trim()).toBe('base= key= token= args=x');
  });

  it('takes away the commands of routes that are not allowed', () => {
    const only = shellSnippet(effective({ routes: { allow: ['enterprise'] } }));
    expect(run(`${all}\n${only}`, 'claude-litellm').status).toBe(127);
    expect(run(`${all}\n${only}`, 'claude y').stdout.trim()).toBe('base= key= token= args=y');
    expect(run(shellSnippet(sample('nobody')), 'claude-enterprise').status).toBe(127);
  });

  it('finds stale variables by name without showing them', () => {
    expect(run(all, 'claude-check').status).toBe(0);
    for (const name of staleVariables) {
      const found = run(all, 'claude-check', { [name]: 'sk-secret' });
      expect(found.status).toBe(1);
      expect(found.stderr).toContain(`${name} is set here`);
      expect(found.stderr).not.toContain('sk-secret');
    }
  });

  it('is read by bash without a complaint', () => {
    expect(execFileSync('bash', ['-n'], { input: all, encoding: 'utf8' })).toBe('');
  });
});
