/** The profile of each stage, checked before anything is declared: every mistake is told at once. Copy `example` and change it. */
import { Profile } from '@gatehouse/core/profile';
import * as z from 'zod';

const example: z.input<typeof Profile> = {
  region: 'us-east-1',
  okta_partner_source: 'aws.partner/okta.com/example/gatehouse',
  access: {
    public_url: 'https://claude.example.com',
    issuers: [{ issuer: 'https://example.okta.com', audiences: ['gatehouse'], directory: true }],
    login: { issuer: 'https://example.okta.com', client_id: '0oa1gatehouse' },
  },
  policy: { public_url: 'https://claude.example.com' },
  usage: {},
  people: { directory: { kind: 'okta', issuer: 'https://example.okta.com', url: 'https://example.okta.com' } },
  lifecycle: {},
  keys: { litellm: { url: 'https://litellm.example.com', replicas: ['https://litellm.example.com'] } },
  workspaces: { coder: { url: 'https://coder.example.com' } },
};

/** Each deployed stage by its name, e.g. `production: { ...example, region: 'eu-central-1' }`. */
const stages: Readonly<Record<string, z.input<typeof Profile>>> = {};

/** A stage without a profile of its own gets the example, which can be looked at but not deployed. */
export function profileOf(stage: string): Profile {
  const parsed = Profile.safeParse(stages[stage] ?? example);
  if (parsed.success) return parsed.data;
  throw new Error(`The profile of stage "${stage}" in stacks/profile.ts is wrong:\n${z.prettifyError(parsed.error)}`);
}

/** Whether a profile still names the example's addresses. */
export function isExample(profile: Profile): boolean {
  return /[./]example\.com\b/.test(JSON.stringify(profile));
}
