/**
 * A DynamoDB of its own process, for the bench that kills it: serves a folder until the transaction it was told to die at, and is gone by SIGKILL
 * before, during or after that transaction's commit. Told by its arguments: folder, port, transaction (0: never), moment.
 */
import { writeSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createDynamoDb } from '../../packages/local/aws/dynamodb/dynamodb.ts';
import { createEndpoint } from '../../packages/local/aws/endpoint.ts';
import type { Operation } from '../../packages/local/aws/service.ts';
import { createClock } from '../../packages/local/clock.ts';

const [path = '', port = '0', dieAt = '0', moment = 'during'] = process.argv.slice(2);
const clock = createClock();
const dynamodb = await createDynamoDb({ clock, path });
const transact = dynamodb.operations.TransactWriteItems;
if (!transact) throw new Error('There are no transactions');

let begun = 0;
const die = () => process.kill(process.pid, 'SIGKILL');

const TransactWriteItems: Operation = async (input, call) => {
  begun++;
  if (begun !== Number(dieAt)) return transact(input, call);
  if (moment === 'before') die();
  const answer = transact(input, call);
  // Judged and handed to the store, not yet known to be on disk.
  if (moment === 'during') setTimeout(die, 0);
  await answer;
  die();
  return answer;
};

const mortal = { ...dynamodb, operations: { ...dynamodb.operations, TransactWriteItems } };
const server = createEndpoint({ services: [mortal], clock });
server.listen(Number(port), '127.0.0.1', () => writeSync(1, `up ${(server.address() as AddressInfo).port}\n`));
