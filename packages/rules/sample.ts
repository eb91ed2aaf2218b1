/** The policy of a fresh start: a company with three groups. Nobody outside of them is admitted. */
import type * as z from 'zod';
import type { PolicyDocument } from './document.ts';

export const samplePolicy = {
  mode: 'first_match',
  base: {
    tools: { bypass_disabled: true },
    telemetry: { enabled: true },
    client: { min_version: '2.1.195' },
  },
  policies: [
    {
      name: 'platform-admins',
      description: 'Run the platform: every model, and the right to change policies.',
      match: { groups: ['platform-admins'] },
      administer: true,
      models: { allow: ['*'] },
    },
    {
      name: 'contractors',
      description: 'Haiku only, and no shell. Stands before engineering, so that somebody in both is a contractor.',
      match: { groups: ['contractors'] },
      models: { allow: ['haiku'] },
      tools: { deny: ['Bash', 'PowerShell'] },
      budgets: [{ period: 'daily', amount_micros: 10_000_000, scope: 'person', warn_percent: [80, 90] }],
      keys: { maximum: 1, models: ['haiku'], budget: { period: 'monthly', amount_micros: 50_000_000 }, duration_days: 30 },
    },
    {
      name: 'engineering',
      description: 'Every model.',
      match: { groups: ['engineering'] },
      models: { allow: ['*'] },
      budgets: [{ period: 'monthly', amount_micros: 500_000_000, scope: 'person', warn_percent: [80, 90] }],
      seats: { claude: 'standard' },
      workspaces: { template: 'claude-code', cpu: 4, memory_gb: 8, idle_stop_minutes: 120, maximum: 2 },
      keys: { maximum: 2, models: ['*'], budget: { period: 'monthly', amount_micros: 200_000_000 }, duration_days: 90 },
    },
  ],
} satisfies z.input<typeof PolicyDocument>;
