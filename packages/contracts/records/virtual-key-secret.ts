/**
 * A LiteLLM key that Gatehouse made for a person, sealed: `VIRTUAL-KEY#<per_>` / `<alias>`; no TTL: it goes with the key. Opened only where it is
 * handed on, with `contextOf` as the encryption context.
 */
import * as z from 'zod';
import { record } from './record.ts';

export const VirtualKeySecret = z.object({
  alias: z.string(),
  /** LiteLLM's own name for the key: its SHA-256 in hex. */
  token: z.string(),
  /** As `runtime/envelope` seals. */
  envelope: z.strictObject({ data_key: z.string(), iv: z.string(), tag: z.string(), text: z.string() }),
  /** Whether LiteLLM had no user for the person before. */
  made_user: z.boolean(),
  case_id: z.string(),
  made_at: z.string(),
});
export type VirtualKeySecret = z.infer<typeof VirtualKeySecret>;

export function contextOf(person: string, alias: string): Record<string, string> {
  return { person, alias };
}

export const virtualKeySecret = record({
  name: 'virtual-key-secret',
  writer: 'keys',
  readers: ['workspaces'],
  leadingKeys: ['VIRTUAL-KEY#*'],
  key: (person: string, alias: string) => ({ pk: `VIRTUAL-KEY#${person}`, sk: alias }),
  schema: VirtualKeySecret,
  example: {
    alias: 'gatehouse-per_01h00000000000000000000000-1',
    token: '0000000000000000000000000000000000000000000000000000000000000000',
    envelope: { data_key: 'AAAA', iv: 'AAAA', tag: 'AAAA', text: 'AAAA' },
    made_user: true,
    case_id: 'cas_01h00000000000000000000000',
    made_at: '2026-11-22T09:00:00.000Z',
  },
  consistency: 'strong',
  away: 'the step is tried again',
  reveals: 'who has a key, and its hash; the key itself opens only with KMS',
});
