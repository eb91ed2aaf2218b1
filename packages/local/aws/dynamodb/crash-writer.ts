/** For the kill test: writes, transfers and batches into the folder it is given until it is killed, and prints what was confirmed. */
import { createClock } from '../../clock.ts';
import { createDynamoDb } from './dynamodb.ts';
import { table } from './test-table.ts';

const db = await createDynamoDb({ clock: createClock(), path: process.argv[2] ?? '' });
for (const name of ['accounts', 'entries']) await db.call('CreateTable', table(name));
const account = (n: number) => ({ pk: { S: `account#${n}` }, sk: { S: '1' } });
for (let n = 0; n < 4; n += 1) {
  const balance = { n: { N: '1000' }, gsi1pk: { S: 'accounts' }, gsi1sk: { S: '1000' } };
  await db.call('PutItem', { TableName: 'accounts', Item: { ...account(n), ...balance } });
}
console.log('ready');

/** Moves one from an account to another, with an entry in the other table, and the balance in the index's key. */
async function transfer(worker: number, turn: number): Promise<void> {
  const [from, to] = [worker, (worker + 1 + (turn % 3)) % 4];
  const id = `transfer#${worker}#${turn}`;
  await db.call('TransactWriteItems', {
    ClientRequestToken: id,
    TransactItems: [
      ...[
        { n: from, by: '-1' },
        { n: to, by: '1' },
      ].map(({ n, by }) => ({
        Update: {
          TableName: 'accounts',
          Key: account(n),
          UpdateExpression: 'SET gsi1sk = :id ADD n :by',
          ExpressionAttributeValues: { ':by': { N: by }, ':id': { S: id } },
        },
      })),
      { Put: { TableName: 'entries', Item: { pk: { S: id }, sk: { S: '1' }, gsi1pk: { S: 'entries' }, gsi1sk: { S: id } } } },
    ],
  });
  console.log(id);
}

async function plain(worker: number, turn: number): Promise<void> {
  const id = `plain#${worker}#${turn}`;
  await db.call('PutItem', {
    TableName: 'entries',
    Item: { pk: { S: id }, sk: { S: '1' }, gsi1pk: { S: 'entries' }, gsi1sk: { S: id } },
  });
  console.log(id);
}

await Promise.all(
  Array.from({ length: 8 }, async (_, worker) => {
    for (let turn = 0; ; turn += 1) await (worker < 4 ? transfer(worker, turn) : plain(worker, turn));
  }),
);
