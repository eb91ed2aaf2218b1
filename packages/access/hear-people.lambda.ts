/** Keeps the groups and names in a gate as the directory's record has them. It never shuts or opens one: cases do that. */
import { Person, person } from '@gatehouse/contracts/records/person';
import { personChanged } from '@gatehouse/events/person-changed';
import { timestamp } from '@gatehouse/runtime/clock';
import { onFact } from '@gatehouse/runtime/event';
import { Throttled } from '@gatehouse/runtime/fault';
import { get } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { gateForChange } from './gate.ts';
import { moveGate, readGate } from './sessions.dynamodb.ts';

export const env = z.object({ TABLE_ACCESS: z.string(), TABLE_PEOPLE: z.string() });

export const handler = onFact(
  { env, table: ({ TABLE_ACCESS }) => TABLE_ACCESS, consumer: 'hear-people' },
  personChanged,
  async (fact, { env: { TABLE_ACCESS, TABLE_PEOPLE }, now }) => {
    // The record, not the fact: facts come late and in any order.
    const row = Person.safeParse(await get(TABLE_PEOPLE, person.key(fact.person)));
    if (!row.success) return;
    for (let attempt = 1; attempt <= 5; attempt++) {
      const before = await readGate(TABLE_ACCESS, fact.person);
      const after = before && gateForChange(before, row.data, timestamp(now));
      if (!before || !after || (await moveGate(TABLE_ACCESS, before, after))) return;
    }
    throw new Throttled('The gate changed five times while its groups were to be written');
  },
);
