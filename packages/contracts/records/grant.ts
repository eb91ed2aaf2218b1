/**
 * A grant: what Gatehouse gives one person in another system, and why. `GRANT#<per_>` / `<system>#<kind>#<alias>`; no TTL: it ends as `taken`.
 * OAuth's grants are "sign-ins" here.
 */
import * as z from 'zod';
import { record } from './record.ts';

/** Anthropic gives an invited person the lowest tier that is free: the tier is what the policy wants, not what the API can ask for. */
export const SeatSpec = z.strictObject({ tier: z.enum(['standard', 'premium']) });
export type SeatSpec = z.infer<typeof SeatSpec>;

const patterns = z.array(z.string());
export const KeySpec = z.strictObject({
  /** Model patterns as policies write them: a model must be allowed by each list that is there, and denied by none. */
  allow: z.array(patterns),
  deny: patterns,
  budget: z.strictObject({ period: z.enum(['daily', 'weekly', 'monthly']), amount_micros: z.int().nonnegative() }).optional(),
  duration_days: z.int().positive().optional(),
});
export type KeySpec = z.infer<typeof KeySpec>;

export const WorkspaceSpec = z.strictObject({
  template: z.string(),
  cpu: z.int().positive().optional(),
  memory_gb: z.int().positive().optional(),
  disk_gb: z.int().positive().optional(),
  idle_stop_minutes: z.int().positive().optional(),
});
export type WorkspaceSpec = z.infer<typeof WorkspaceSpec>;

/** Why somebody has it. As long as one holds, the grant is kept. */
export const GrantReason = z.strictObject({ policy: z.string(), group: z.string().optional() });
export type GrantReason = z.infer<typeof GrantReason>;

const about = {
  id: z.string(),
  person: z.string(),
  /** Deterministic, so that giving twice gives once. */
  alias: z.string(),
  /** intended: about to be given; given: by us; found: was there before us, and is not ours to take; blocked: cut with its person; taken: no longer theirs. */
  state: z.enum(['intended', 'given', 'found', 'blocked', 'taken']),
  reasons: z.array(GrantReason),
  /** The onboarding or move that wrote the state. */
  case_id: z.string(),
  changed_at: z.string(),
};

export const Grant = z.discriminatedUnion('kind', [
  z.object({ ...about, system: z.literal('anthropic'), kind: z.literal('seat'), spec: SeatSpec }),
  z.object({ ...about, system: z.literal('litellm'), kind: z.literal('virtual-key'), spec: KeySpec }),
  z.object({ ...about, system: z.literal('coder'), kind: z.literal('workspace'), spec: WorkspaceSpec }),
]);
export type Grant = z.infer<typeof Grant>;

export const grant = record({
  name: 'grant',
  writer: 'lifecycle',
  readers: ['people'],
  leadingKeys: ['GRANT#*'],
  key: (person: string, { system, kind, alias }: { system: string; kind: string; alias: string }) => ({
    pk: `GRANT#${person}`,
    sk: `${system}#${kind}#${alias}`,
  }),
  schema: Grant,
  example: {
    id: 'grt_01h00000000000000000000000',
    person: 'per_01h00000000000000000000000',
    system: 'litellm',
    kind: 'virtual-key',
    alias: 'gatehouse-per_01h00000000000000000000000-1',
    spec: { allow: [['haiku']], deny: [], duration_days: 30 },
    state: 'given',
    reasons: [{ policy: 'contractors', group: 'contractors' }],
    case_id: 'cas_01h00000000000000000000000',
    changed_at: '2026-11-22T09:00:00.000Z',
  },
  consistency: 'strong',
  away: 'refuse, 503',
  reveals: 'who was given what, and by which policy and group; no credential',
});
