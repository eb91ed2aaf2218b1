/**
 * What people asks keys and workspaces to find those who hold something and are nobody here: everything that a system gave out, page by page, with the
 * names under which the system knows its owner. The answer goes from function to function and through no machine.
 */
import * as z from 'zod';
import type { Capability } from '../surface.ts';
import { step } from './step.ts';

export const Holder = z.strictObject({
  system: z.enum(['litellm', 'anthropic', 'coder']),
  kind: z.enum(['virtual-key', 'seat', 'api-key', 'account', 'workspace']),
  /** The system's own id of it; never a secret. */
  ref: z.string(),
  /** Addresses and ids of its owner, as the system has them; none where it has no owner. */
  names: z.array(z.string()),
  /** Whether it can be used now. */
  live: z.boolean(),
});
export type Holder = z.infer<typeof Holder>;

const Listing = z.strictObject({ cursor: z.string().nullish() });
const Listed = z.strictObject({
  holders: z.array(Holder),
  /** Where the next page begins; none on the last. */
  next: z.string().optional(),
});
export type Listed = z.infer<typeof Listed>;

const faults = ['Throttled', 'Unavailable', 'Misconfigured'] as const;

function listStep(name: string, owner: Capability) {
  return step({ name, owner, input: Listing, output: Listed, idempotency: 'reads only', faults, timeoutSeconds: 60 });
}

export const listKeyHolders = listStep('list-key-holders', 'keys');
export const listSeatHolders = listStep('list-seat-holders', 'keys');
export const listWorkspaceHolders = listStep('list-workspace-holders', 'workspaces');

/** Blocks one virtual key or API key that belongs to nobody; deletes nothing. Undone by hand in its system. */
export const blockOrphan = step({
  name: 'block-orphan',
  owner: 'keys',
  input: z.strictObject({
    /** What our record of it is called. */
    orphan: z.string(),
    kind: z.enum(['virtual-key', 'api-key']),
    ref: z.string(),
  }),
  output: z.strictObject({ outcome: z.enum(['blocked', 'gone']), message: z.string() }),
  idempotency: 'kind and ref',
  faults,
  timeoutSeconds: 60,
});
