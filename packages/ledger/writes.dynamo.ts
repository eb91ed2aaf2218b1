/** The rows of a plan as one transaction's writes: entries, heads, cells, counters and the fact of them, all or none. Reads and sends nothing. */
import { modelUnpriced } from '@gatehouse/events/model-unpriced';
import { usageRecorded } from '@gatehouse/events/usage-recorded';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { publish } from '@gatehouse/runtime/publish';
import type { Item, Write } from '@gatehouse/runtime/table';
import type { Entry, Group } from './entry.ts';
import type { Difference, Plan, StoredCell, Terms } from './post.ts';
import { type Tokens, tokenKinds } from './price.ts';
import { dayPk, entryKey, entrySeconds, groupPk, headSk, seriesKey, seriesSeconds, spendPk, unpricedPk, usedPk } from './rows.ts';
import type { Total } from './series.ts';
import { memberOf, monthOf } from './used.ts';

export function writesOf(made: Plan, { table, terms }: { table: string; terms: Terms }): Write[] {
  const at = now();
  const expires = Math.floor(at / 1000) + entrySeconds;
  const writes: Write[] = made.entries.map((entry) => newEntry(table, entry, terms.book.version, expires));
  for (const { group, version, cells } of made.groups) {
    const pk = groupPk(group);
    writes.push({
      Update: {
        TableName: table,
        Key: { pk, sk: headSk },
        UpdateExpression: 'SET version = :next, #group = :group, expires_at = :expires',
        ConditionExpression: version === 0 ? 'attribute_not_exists(version)' : 'version = :version',
        ExpressionAttributeNames: { '#group': 'group' },
        ExpressionAttributeValues: {
          ':next': version + 1,
          ':group': { ...group },
          ':expires': expires,
          ...(version > 0 && { ':version': version }),
        },
      },
    });
    for (const [sk, cell] of cells)
      writes.push({ Put: { TableName: table, Item: cellItem(pk, sk, group, cell, terms.book.version, expires) } });
  }
  for (const [person, days] of made.spend) {
    for (const [sk, difference] of days) writes.push(counter(table, person, sk, difference));
    writes.push(publish(table, usageRecorded, factOf(made, person, days, terms.book.version)));
  }
  for (const [person, days] of made.used) writes.push(...usedCounters(table, person, days));
  for (const unpriced of made.unpriced) writes.push(publish(table, modelUnpriced, unpriced));
  return writes;
}

function newEntry(table: string, entry: Entry, book: string, expires: number): Write {
  const { person, session, model, route } = entry.group;
  return {
    Put: {
      TableName: table,
      Item: {
        ...entryKey(entry.key),
        person,
        session,
        model,
        route,
        witness: entry.witness,
        at: timestamp(entry.at),
        tokens: { ...entry.tokens },
        requests: entry.requests,
        ...(entry.regionalTokens && { regional_tokens: { ...entry.regionalTokens } }),
        ...(entry.claimedMicros !== undefined && { claimed_micros: entry.claimedMicros }),
        price_book: book,
        expires_at: expires,
      },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}

function cellItem(pk: string, sk: string, group: Group, cell: StoredCell, book: string, expires: number): Item {
  return {
    pk,
    sk,
    ...cell,
    tokens: { ...cell.tokens },
    price_book: book,
    expires_at: expires,
    ...(cell.unpriced && { gsi1pk: unpricedPk(group.model), gsi1sk: `${pk}#${sk}` }),
  };
}

function counter(
  table: string,
  person: string,
  sk: string,
  { amount_micros, requests, tokens, claimed_micros, server_micros }: Difference,
): Write {
  const [day = '', ...rest] = sk.split('#');
  const names = tokenKinds.map((kind) => `#${kind} :${kind}`).join(', ');
  return {
    Update: {
      TableName: table,
      Key: { pk: spendPk(person), sk },
      UpdateExpression: `SET gsi1pk = :day, gsi1sk = :place ADD amount_micros :amount, requests :requests, claimed_micros :claimed, server_micros :server, ${names}`,
      // `input` is one of DynamoDB's reserved words.
      ExpressionAttributeNames: Object.fromEntries(tokenKinds.map((kind) => [`#${kind}`, kind])),
      ExpressionAttributeValues: {
        ':day': dayPk(day),
        ':place': `${person}#${rest.join('#')}`,
        ':amount': amount_micros,
        ':requests': requests,
        ':claimed': claimed_micros,
        ':server': server_micros,
        ...prefixed(tokens),
      },
    },
  };
}

function prefixed(tokens: Tokens): Record<string, number> {
  return Object.fromEntries(tokenKinds.map((kind) => [`:${kind}`, tokens[kind]]));
}

/** One write a month, whichever days and periods it counts for. */
function usedCounters(table: string, person: string, days: ReadonlyMap<string, number>): Write[] {
  const months = new Map<string, [member: string, micros: number][]>();
  for (const [day, micros] of days) {
    if (micros === 0) continue;
    const members = months.get(monthOf(day));
    if (members) members.push([memberOf(day), micros]);
    else months.set(monthOf(day), [[memberOf(day), micros]]);
  }
  return [...months].map(([sk, members]) => ({
    Update: {
      TableName: table,
      Key: { pk: usedPk(person), sk },
      UpdateExpression: `ADD ${members.map(([member]) => `${member} :${member}`).join(', ')}`,
      ExpressionAttributeValues: Object.fromEntries(members.map(([member, micros]) => [`:${member}`, micros])),
    },
  }));
}

function factOf(made: Plan, person: string, days: ReadonlyMap<string, Difference>, book: string) {
  const differences = [...days.values()];
  const mine = made.entries.filter((entry) => entry.group.person === person);
  return {
    person,
    entries: mine.length,
    amount_micros: differences.reduce((sum, one) => sum + one.amount_micros, 0),
    requests: differences.reduce((sum, one) => sum + one.requests, 0),
    models: [...new Set(mine.map(({ group }) => group.model))].slice(0, 20),
    price_book: book,
  };
}

/** Without the row's keys: a cell that waits for nothing any more must leave the index. Only this file writes these rows. */
export function cellOf(row: Item): StoredCell {
  const { kind, at, from, tokens, requests, regional, claimed, billed, billed_micros, unpriced, claims } = row as unknown as StoredCell;
  const seldom = { ...(from !== undefined && { from }), ...(regional && { regional }), ...(claimed !== undefined && { claimed }) };
  return { kind, at, ...seldom, tokens, requests, billed, billed_micros, unpriced, claims };
}

/** Holds only while the total is what was read. */
export function totalWrite(table: string, { key, before, at, tokens }: Total & { key: string; before?: number }): Write {
  return {
    Put: {
      TableName: table,
      Item: { ...seriesKey(key), at, tokens: { ...tokens }, expires_at: Math.floor(now() / 1000) + seriesSeconds },
      ConditionExpression: before === undefined ? 'attribute_not_exists(pk)' : '#at = :before',
      ...(before !== undefined && { ExpressionAttributeNames: { '#at': 'at' }, ExpressionAttributeValues: { ':before': before } }),
    },
  };
}
