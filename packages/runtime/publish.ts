/** Facts leave a capability as items of its own transaction, and reach the bus from the table's stream: none is lost between a write and its event. */
import type { Detail } from '@gatehouse/events/fact';
import type * as z from 'zod';
import { freshId, now, timestamp } from './clock.ts';
import { once } from './environment.ts';
import type { Write } from './table.ts';

/** DynamoDB streams keep 24 hours; the item is only needed until it is published. */
const outboxSeconds = 2 * 86_400;

interface Fact {
  type: string;
  source: string;
  schema: z.ZodType;
}

/** The outbox item of a fact, for the caller's transaction. `id` and `at` are made here unless given. */
export function publish<F extends Fact>(
  table: string,
  fact: F,
  detail: Omit<Detail<F>, 'id' | 'at'> & { id?: string; at?: string },
): Write {
  const full = fact.schema.parse({ id: freshId('evt'), at: timestamp(), ...detail }, once) as { id: string };
  return {
    Put: {
      TableName: table,
      Item: {
        pk: `OUTBOX#${full.id}`,
        sk: 'OUTBOX',
        type: fact.type,
        source: fact.source,
        detail: JSON.stringify(full),
        expires_at: Math.floor(now() / 1000) + outboxSeconds,
      },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}
