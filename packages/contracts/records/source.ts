/** When an event source was last heard. `SOURCE#<name>` / `SOURCE`; no TTL. Several sources die in silence: a sweep looks at these. */
import * as z from 'zod';
import { record } from './record.ts';

export const Source = z.object({
  name: z.string(),
  /** RFC 3339; within a minute of the latest event. */
  heard_at: z.string(),
  /** Since when it has been told as silent; absent while it is heard. */
  silent_since: z.string().optional(),
});
export type Source = z.infer<typeof Source>;

export const source = record({
  name: 'source',
  writer: 'people',
  readers: ['operations'],
  leadingKeys: ['SOURCE#*'],
  key: (name: string) => ({ pk: `SOURCE#${name}`, sk: 'SOURCE' }),
  schema: Source,
  example: { name: 'okta-log-stream', heard_at: '2026-11-22T09:00:00.000Z' },
  consistency: 'strong',
  away: 'refuse, 503',
  reveals: 'which identity providers are listened to',
});
