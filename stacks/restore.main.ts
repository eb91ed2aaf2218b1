/**
 * `npm run restore`: copies every row of one table into another, as after a restore to a point in time, which DynamoDB makes under a new name.
 * Deletes nothing: rows that came since stay, and where both have a row the one that was restored stands.
 */
import { parseArgs } from 'node:util';
import { type AttributeValue, BatchWriteItemCommand, DynamoDBClient, paginateScan, type WriteRequest } from '@aws-sdk/client-dynamodb';

const usage = `npm run restore -- --from RESTORED --to TABLE [--missing]

Copies the rows of RESTORED into TABLE, in the account and region of your AWS credentials.
  --missing   only rows that TABLE does not have`;

type Row = Record<string, AttributeValue>;
/** BatchWriteItem's own limit. */
const batch = 25;
const mostTries = 10;

async function rowsOf(client: DynamoDBClient, TableName: string): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true }))
    for (const row of Items) rows.set(JSON.stringify([row.pk?.S, row.sk?.S]), row);
  return rows;
}

async function put(client: DynamoDBClient, table: string, rows: readonly Row[]): Promise<void> {
  let left: WriteRequest[] = rows.map((Item) => ({ PutRequest: { Item } }));
  for (let tried = 0; left.length > 0; tried++) {
    if (tried === mostTries) throw new Error(`DynamoDB left ${left.length} rows unwritten ten times: run it again`);
    const { UnprocessedItems = {} } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: left } }));
    left = UnprocessedItems[table] ?? [];
  }
}

async function restore(from: string, to: string, missing: boolean): Promise<number> {
  const client = new DynamoDBClient({});
  const restored = await rowsOf(client, from);
  const there = missing ? await rowsOf(client, to) : new Map<string, Row>();
  const rows = [...restored].filter(([key]) => !there.has(key)).map(([, row]) => row);
  for (let first = 0; first < rows.length; first += batch) await put(client, to, rows.slice(first, first + batch));
  return rows.length;
}

const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    missing: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) console.log(usage);
else if (!values.from || !values.to) {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    console.log(`${await restore(values.from, values.to, values.missing)} rows of ${values.from} are in ${values.to}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
