/**
 * A DynamoDB of its own process, for the bench that kills it: serves a folder, and from the transaction it was told on, answers none of the next few any
 * more: some are not begun, some are being written, some are on disk and their senders never hear of it. Then it is gone, by SIGKILL.
 * Arguments: folder, port (0: any), transaction (0: never).
 */
import { writeSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createDynamoDb } from '../../packages/local/aws/dynamodb/dynamodb.ts';
import { createEndpoint } from '../../packages/local/aws/endpoint.ts';
import type { Operation } from '../../packages/local/aws/service.ts';
import { createClock } from '../../packages/local/clock.ts';

const [path = '', port = '0', dieAt = '0'] = process.argv.slice(2);
const clock = createClock();
const dynamodb = await createDynamoDb({ clock, path });
const transact = dynamodb.operations.TransactWriteItems;
if (!transact) throw new Error('There are no transactions');

const most = 6;
/** Fewer are on their way at times. */
const patienceMs = 200;
let begun = 0;
let caught = 0;

function die(): void {
  writeSync(1, `killed ${caught}\n`);
  process.kill(process.pid, 'SIGKILL');
}

const TransactWriteItems: Operation = (input, call) => {
  begun++;
  if (Number(dieAt) === 0 || begun < Number(dieAt)) return transact(input, call);
  caught++;
  if (caught === 1) setTimeout(die, patienceMs);
  // Refused or not, nobody hears of it.
  if (begun % 3 > 0) Promise.resolve(transact(input, call)).catch(() => {});
  // The last is judged and handed to the store by then, but not known to be on disk.
  if (caught === most) setTimeout(die, 0);
  return new Promise(() => {});
};

const mortal = { ...dynamodb, operations: { ...dynamodb.operations, TransactWriteItems } };
// Ends with whoever started it.
process.stdin.once('end', () => process.exit()).resume();
const server = createEndpoint({ services: [mortal], clock });
server.listen(Number(port), '127.0.0.1', () => writeSync(1, `up ${(server.address() as AddressInfo).port}\n`));
