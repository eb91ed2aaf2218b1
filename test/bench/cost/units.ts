/**
 * Adds up what requests to the AWS endpoint would be billed as: DynamoDB's units (a transaction counts twice, an index once more, a kilobyte each),
 * events, signatures, secrets. Sizes of what an update leaves are not known here: they count as one kilobyte, which counters and rows of ours are.
 */
import type { IncomingMessage } from 'node:http';

interface Write {
  Item?: object;
  UpdateExpression?: string;
}

/** A class, since it is told of requests as they come and keeps the sums. */
export class Units {
  requests = 0;
  writeUnits = 0;
  readUnits = 0;
  events = 0;
  /** Calls of PutEvents. */
  puts = 0;
  signatures = 0;
  secretReads = 0;
  #gateway = '';

  /** @param gateway the port of the API. */
  reset(gateway: string): void {
    Object.assign(this, { requests: 0, writeUnits: 0, readUnits: 0, events: 0, puts: 0, signatures: 0, secretReads: 0 });
    this.#gateway = gateway;
  }

  hear(request: IncomingMessage): void {
    if (String(request.socket.localPort) === this.#gateway) this.requests++;
    const target = request.headers['x-amz-target'];
    if (typeof target !== 'string' || target.startsWith('Logs_')) return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.#add(target, JSON.parse(Buffer.concat(chunks).toString() || '{}')));
  }

  #add(target: string, input: Body): void {
    const operation = target.split('.')[1] ?? '';
    if (target.startsWith('DynamoDB_')) this.#addDynamoDb(operation, input);
    else if (operation === 'PutEvents') {
      this.puts++;
      this.events += input.Entries?.length ?? 0;
    } else if (operation === 'Sign') this.signatures++;
    else if (operation === 'GetSecretValue') this.secretReads++;
  }

  #addDynamoDb(operation: string, input: Body): void {
    switch (operation) {
      case 'PutItem':
      case 'UpdateItem':
      case 'DeleteItem':
        this.writeUnits += unitsOf(input, 1);
        break;
      case 'TransactWriteItems':
        for (const action of input.TransactItems ?? []) for (const write of Object.values(action)) this.writeUnits += unitsOf(write, 2);
        break;
      case 'BatchWriteItem':
        for (const writes of Object.values(input.RequestItems ?? {})) this.writeUnits += (writes as object[]).length; // its documented shape
        break;
      case 'BatchGetItem':
        for (const wanted of Object.values(input.RequestItems ?? {})) this.readUnits += (wanted as { Keys: object[] }).Keys.length; // its documented shape
        break;
      case 'TransactGetItems':
        this.readUnits += 2 * (input.TransactItems ?? []).length;
        break;
      case 'GetItem':
      case 'Query':
      case 'Scan':
        this.readUnits += input.ConsistentRead === false ? 0.5 : 1;
        break;
    }
  }
}

/** What is read of the services' inputs. */
interface Body extends Write {
  Entries?: object[];
  TransactItems?: Record<string, Write>[];
  RequestItems?: Record<string, unknown>;
  ConsistentRead?: boolean;
}

/** @param factor 2 in a transaction. The index is written apart from it, once. */
function unitsOf({ Item, UpdateExpression = '' }: Write, factor: number): number {
  const text = Item ? JSON.stringify(Item) : '';
  const kilobytes = Math.max(1, Math.ceil(text.length / 1024));
  const indexed = text.includes('"gsi1pk"') || UpdateExpression.includes('gsi1pk');
  return kilobytes * (factor + (indexed ? 1 : 0));
}
