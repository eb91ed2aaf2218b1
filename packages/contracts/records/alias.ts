/** Who carries an e-mail address: several people may. `ALIAS#<e-mail, lower case>` / `<per_>`; no TTL. Never a key for access: addresses are renamed and re-used. */
import * as z from 'zod';
import { record } from './record.ts';

export const Alias = z.object({ email: z.string(), person: z.string() });
export type Alias = z.infer<typeof Alias>;

export const alias = record({
  name: 'alias',
  writer: 'people',
  readers: ['lifecycle', 'usage', 'policy', 'access', 'inference', 'workspaces'],
  leadingKeys: ['ALIAS#*'],
  key: (email: string, person: string) => ({ pk: `ALIAS#${email.toLowerCase()}`, sk: person }),
  schema: Alias,
  example: { email: 'alice@example.com', person: 'per_01h00000000000000000000000' },
  consistency: 'strong',
  away: 'refuse, 503',
  reveals: 'who works here',
});
