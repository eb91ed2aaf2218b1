import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import type { Item } from './dynalite.ts';
import { createDynamoDb } from './dynamodb.ts';

/** Runs the writer until it has confirmed `writes`, and kills it. Resolves with what it confirmed. */
async function writeAndKill(path: string, writes: number): Promise<Set<string>> {
  const writer = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const confirmed = new Set<string>();
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('#')) confirmed.add(line);
    if (confirmed.size === writes) child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return confirmed;
}

describe('after SIGKILL', () => {
  it.each([40, 333])('everything confirmed is there and nothing is half there (killed after %i writes)', async (writes) => {
    const path = join(mkdtempSync(join(tmpdir(), 'gatehouse-crash-')), 'dynamodb');
    const confirmed = await writeAndKill(path, writes);
    const clock = createClock();
    const db = await createDynamoDb({ clock, path });
    const all = async (TableName: string, IndexName?: string) => {
      const answer = (await db.call('Scan', { TableName, ...(IndexName && { IndexName }) })) as { Items: Item[]; LastEvaluatedKey?: Item };
      expect(answer.LastEvaluatedKey).toBeUndefined();
      return answer.Items;
    };
    const sorted = (items: readonly Item[]) => items.map((item) => JSON.stringify(Object.entries(item).sort())).sort();
    const accounts = await all('accounts');
    const entries = await all('entries');
    const ids = new Set(entries.map((entry) => entry.pk?.S ?? ''));
    const transfers = [...ids].filter((id) => id.startsWith('transfer#'));

    expect([...confirmed].filter((id) => !ids.has(id))).toEqual([]);
    expect(accounts.reduce((sum, item) => sum + Number(item.n?.N), 0)).toBe(4000);
    const expected = [1000, 1000, 1000, 1000];
    for (const id of transfers) {
      const [, worker, turn] = id.split('#').map(Number) as [number, number, number];
      const to = (worker + 1 + (turn % 3)) % 4;
      expected[worker] = (expected[worker] ?? 0) - 1;
      expected[to] = (expected[to] ?? 0) + 1;
    }
    const byName = accounts.toSorted((a, b) => ((a.pk?.S ?? '') < (b.pk?.S ?? '') ? -1 : 1));
    expect(byName.map((item) => Number(item.n?.N))).toEqual(expected);
    for (const name of ['accounts', 'entries']) expect(sorted(await all(name, 'gsi1'))).toEqual(sorted(await all(name)));

    const records: Record<string, DynamoDBRecord[]> = { accounts: [], entries: [] };
    for (const name of ['accounts', 'entries']) db.onRecords(name, (batch) => void records[name]?.push(...batch));
    await db.settled();
    expect(records.entries?.map((record) => record.dynamodb?.Keys?.pk?.S).sort()).toEqual([...ids].sort());
    expect(records.accounts).toHaveLength(4 + 2 * transfers.length);
    const lastImage = new Map(records.accounts?.map((record) => [record.dynamodb?.Keys?.pk?.S, record.dynamodb?.NewImage]));
    expect(sorted([...lastImage.values()] as Item[])).toEqual(sorted(accounts));

    // A client that never heard of its commit sends it again: the token survived with the write.
    const [again = ''] = transfers;
    const before = await all('accounts');
    const item = { pk: { S: again }, sk: { S: '1' } };
    await expect(
      db.call('TransactWriteItems', { ClientRequestToken: again, TransactItems: [{ Put: { TableName: 'entries', Item: item } }] }),
    ).rejects.toMatchObject({ type: 'IdempotentParameterMismatchException' });
    expect(await all('accounts')).toEqual(before);
    await db.close();
    clock.close();
  });

  it('finishes a table that was being made and one that was being deleted', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'gatehouse-crash-')), 'dynamodb');
    const clock = createClock();
    const { openStore, tableKey } = await import('./store.ts');
    const { table } = await import('./test-table.ts');
    const first = await createDynamoDb({ clock, path });
    for (const name of ['made', 'deleted']) await first.call('CreateTable', table(name));
    await first.call('PutItem', { TableName: 'deleted', Item: { pk: { S: 'a' }, sk: { S: 'b' } } });
    await first.close();
    const store = await openStore(clock, path);
    for (const [name, TableStatus] of [
      ['made', 'CREATING'],
      ['deleted', 'DELETING'],
    ] as const) {
      const row = store.root.getSync(tableKey(name)) as object;
      await store.root.batch([{ type: 'put', key: tableKey(name), value: { ...row, TableStatus } }]);
    }
    await store.close();
    const again = await createDynamoDb({ clock, path });
    expect(await again.call('ListTables', {})).toEqual({ TableNames: ['made'] });
    expect(await again.call('DescribeTable', { TableName: 'made' })).toMatchObject({ Table: { TableStatus: 'ACTIVE' } });
    await again.call('CreateTable', table('deleted'));
    expect(await again.call('Scan', { TableName: 'deleted' })).toMatchObject({ Count: 0 });
    await again.close();
    clock.close();
  });

  it('refuses a folder that another database has open, in one sentence', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'gatehouse-crash-')), 'dynamodb');
    const clock = createClock();
    const first = await createDynamoDb({ clock, path });
    await expect(createDynamoDb({ clock, path })).rejects.toThrow(`cannot open ${path}: is another process using it?`);
    await first.close();
    clock.close();
  });
});
