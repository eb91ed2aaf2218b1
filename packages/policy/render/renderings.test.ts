/** Proves that whatever a document says, every rendering for the client holds settings that the client knows, in the shapes that it takes. */
import { PolicyDocument, settingFits } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { managedSettings } from '../settings.ts';
import { helperFile, machineFile, policyHelperOutput } from './client-file.ts';

const gateway = { publicUrl: 'https://gatehouse.example.com' };
const maybe = { requiredKeys: [] as never[] };
const models = fc.uniqueArray(fc.constantFrom('*', 'opus', 'opus-4', 'haiku', 'claude-opus-4-8', 'qwen3-coder'), { maxLength: 4 });
const tools = fc.uniqueArray(fc.constantFrom('Bash', 'WebFetch', 'Read(./.env)', 'mcp__github__*', '*'), { maxLength: 4 });
const servers = fc.array(fc.constantFrom({ name: 'github' }, { url: 'https://mcp.example.com/*' }, { command: ['npx', 'x'] }), {
  maxLength: 3,
});
const on = fc.boolean();
const content = fc.record(
  {
    models: fc.record({ allow: models, deny: models }, maybe),
    tools: fc.record(
      {
        allow: tools,
        ask: tools,
        deny: tools,
        default_mode: fc.constantFrom('default', 'acceptEdits', 'plan', 'dontAsk'),
        bypass_disabled: on,
        managed_only: on,
      },
      maybe,
    ),
    mcp: fc.record(
      {
        allow: servers,
        deny: servers,
        managed_only: on,
        servers: fc.constant({ docs: { type: 'http', url: 'https://mcp.example.com/docs' } }),
      },
      maybe,
    ),
    settings: fc.record(
      {
        cleanupPeriodDays: fc.nat(90),
        env: fc.constant({ HTTPS_PROXY: 'http://proxy.example.com' }),
        hooks: fc.constant({ PreToolUse: [] }),
        forceLoginMethod: fc.constantFrom('gateway', 'claudeai'),
      },
      maybe,
    ),
    routes: fc.record(
      {
        allow: fc.uniqueArray(fc.constantFrom('enterprise', 'governed', 'local'), { minLength: 1 }),
        governed_through: fc.constantFrom('gatehouse', 'litellm'),
      },
      maybe,
    ),
    telemetry: fc.record(
      { enabled: on, traces: on, prompts: on, assistant_responses: on, tool_details: on, tool_content: on, raw_api_bodies: on },
      maybe,
    ),
    client: fc.record({ min_version: fc.constant('2.1.195'), max_version: fc.constant('2.2.0') }, maybe),
    enforcement: fc.constantFrom('unrestricted', 'standard', 'design-first'),
    guardrails: fc.record({ pii: fc.constantFrom('block', 'mask', 'off'), secrets: fc.constantFrom('block', 'mask', 'off') }, maybe),
    seats: fc.record({ claude: fc.constantFrom('none', 'standard', 'premium') }, maybe),
  },
  maybe,
);
const documents = fc
  .record({ mode: fc.constantFrom('first_match', 'layered'), base: content, first: content, second: content })
  .map(({ mode, base, first, second }) =>
    PolicyDocument.parse({
      mode,
      base,
      policies: [
        { name: 'first', match: { groups: ['a'] }, ...first },
        { name: 'second', match: { everyone: true }, ...second },
      ],
    }),
  );

it.each([['a'], ['b']])('every rendering for somebody in %s validates against the setting keys of the client', (group) => {
  fc.assert(
    fc.property(documents, (document) => {
      const effective = resolve(document, { person: 'per_01h00000000000000000000000', email: 'a@example.com', groups: [group] });
      const all = [
        managedSettings(effective, gateway),
        policyHelperOutput(effective, gateway).managedSettings,
        machineFile(effective, gateway),
        helperFile({ path: '/opt/gatehouse', refreshMinutes: 60 }),
      ];
      for (const settings of all) {
        expect(Object.entries(settings).filter(([key, value]) => !settingFits(key, value))).toEqual([]);
        expect(JSON.parse(JSON.stringify(settings)), 'nothing is lost as JSON').toEqual(settings);
        // A pinned sign-in refuses every apiKeyHelper, and a model list that is not enforced is none.
        expect('forceLoginMethod' in settings && 'apiKeyHelper' in settings).toBe(false);
        if ('availableModels' in settings) expect(settings).toMatchObject({ enforceAvailableModels: true });
      }
    }),
  );
});
