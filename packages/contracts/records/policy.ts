/** The policy document: a head that names the version in force, and immutable versions. `POLICY` / `HEAD`, `POLICY` / `VERSION#<6 digits>`; no TTL. */
import * as z from 'zod';
import { record } from './record.ts';

export const PolicyHead = z.object({ version: z.int().nonnegative(), digest: z.string(), published_at: z.string() });
export type PolicyHead = z.infer<typeof PolicyHead>;

export const PolicyVersion = z.object({
  version: z.int().positive(),
  digest: z.string(),
  author: z.string(),
  reason: z.string(),
  published_at: z.string(),
  /** The document as JSON text; `rules` parses it. */
  document: z.string(),
});
export type PolicyVersion = z.infer<typeof PolicyVersion>;

const readers = ['access', 'usage', 'inference', 'lifecycle', 'people', 'console'] as const;

export const policyHead = record({
  name: 'policy-head',
  writer: 'policy',
  readers,
  leadingKeys: ['POLICY'],
  key: () => ({ pk: 'POLICY', sk: 'HEAD' }),
  schema: PolicyHead,
  example: { version: 1, digest: 'sha256:0000', published_at: '2026-11-22T09:00:00.000Z' },
  consistency: 'strong',
  away: 'refuse, 503; policy delivery falls back to the last body served',
  reveals: 'nothing',
});

export const policyVersion = record({
  name: 'policy-version',
  writer: 'policy',
  readers,
  leadingKeys: ['POLICY'],
  key: (version: number) => ({ pk: 'POLICY', sk: `VERSION#${String(version).padStart(6, '0')}` }),
  schema: PolicyVersion,
  example: {
    version: 1,
    digest: 'sha256:0000',
    author: 'per_01h00000000000000000000000',
    reason: 'first policy',
    published_at: '2026-11-22T09:00:00.000Z',
    document: '{"policies":[]}',
  },
  consistency: 'eventual',
  away: 'as policy-head',
  reveals: "the company's rules for models and tools",
});
