/** Something that a system gave out belongs to nobody here, at two looks an hour apart. Nothing is done about it unless the profile or an admin says so. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const orphanFound = fact(
  'orphan-found',
  'people',
  {
    orphan: z.string(),
    system: z.enum(['litellm', 'anthropic', 'coder']),
    kind: z.enum(['virtual-key', 'seat', 'api-key', 'account', 'workspace']),
    /** unknown: its owner is nobody here; left: its owner has left; ownerless: it has none. */
    reason: z.enum(['unknown', 'left', 'ownerless']),
  },
  { orphan: 'orp_01h00000000000000000000000', system: 'litellm', kind: 'virtual-key', reason: 'unknown' },
);
