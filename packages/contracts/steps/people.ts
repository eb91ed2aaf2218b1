/** People's steps: learn of somebody, and read the directory's truth afresh. */
import * as z from 'zod';
import { step } from './step.ts';

/** Looks somebody up in records first, then in the directory; makes them a person when the directory knows them. */
export const admitPerson = step({
  name: 'admit-person',
  owner: 'people',
  input: z.union([
    /** A sign-in: the verified subject of a trusted issuer, with what its token says, used only where no directory is the truth. */
    z.strictObject({
      issuer: z.string(),
      subject: z.string(),
      claims: z.strictObject({ email: z.string().optional(), name: z.string().optional(), groups: z.array(z.string()).optional() }),
    }),
    /** Anything a person may write: `per_...`, the IdP's id, or an e-mail. */
    z.strictObject({ lookup: z.string() }),
  ]),
  output: z.discriminatedUnion('outcome', [
    z.strictObject({
      outcome: z.literal('known'),
      person: z.string(),
      status: z.enum(['active', 'suspended', 'left']),
      generation: z.int(),
      groups: z.array(z.string()),
      email: z.string(),
      name: z.string(),
    }),
    z.strictObject({ outcome: z.literal('unknown'), message: z.string() }),
    z.strictObject({ outcome: z.literal('ambiguous'), people: z.array(z.string()), message: z.string() }),
  ]),
  idempotency: 'issuer and subject',
  faults: ['Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 15,
});

/** Reads the directory now, writes what changed, and says what is true. `unreadable` is an answer: the machine decides how long to wait. */
export const confirmTruth = step({
  name: 'confirm-truth',
  owner: 'people',
  input: z.strictObject({ case_id: z.string(), person: z.string() }),
  output: z.strictObject({
    truth: z.enum(['active', 'left', 'unreadable']),
    /** deactivated, deleted, suspended, active: the directory's own word, or why it could not be read. */
    detail: z.string(),
    groups: z.array(z.string()),
    /** Whether the policy in force grants this person anything at all. */
    entitled: z.boolean(),
    generation: z.int(),
    hold: z.boolean(),
    read_at: z.string(),
  }),
  idempotency: 'a read; what it writes is keyed by the person',
  faults: ['Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 30,
});
