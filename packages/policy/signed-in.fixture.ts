/** For tests of policy's entries: people who are signed in, with real tokens and rows on a real DynamoDB endpoint, and calls as API Gateway makes them. */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { alias } from '@gatehouse/contracts/records/alias';
import { gate } from '@gatehouse/contracts/records/gate';
import { peopleIndex, person } from '@gatehouse/contracts/records/person';
import { session } from '@gatehouse/contracts/records/session';
import { signingKey } from '@gatehouse/contracts/records/signing-key';
import type { Capability } from '@gatehouse/contracts/surface';
import { signingInput } from '@gatehouse/core/access-token';
import { createEndpoint } from '@gatehouse/local/aws/endpoint';
import { AwsError } from '@gatehouse/local/aws/service';
import { createStorage } from '@gatehouse/local/aws/storage/storage';
import type { Clock } from '@gatehouse/local/clock';
import { freshId } from '@gatehouse/runtime/clock';
import { put } from '@gatehouse/runtime/table';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { TestAws } from '../../test/support/aws.ts';

export const publicUrl = 'https://gatehouse.example.com';

const servedBucket = 'served';

/** S3 with the bucket of copies, at an address of its own: it may be there while the tables are away, and the other way round. */
export async function startStorage(clock: Clock): Promise<{ url: string; close(): void }> {
  const storage = createStorage({ clock, buckets: [{ name: servedBucket, versioning: 'Enabled' }] });
  const server = createEndpoint({ services: [], whole: [storage.service], clock });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.AWS_ENDPOINT_URL_S3 = url;
  return {
    url,
    close: () => {
      server.closeAllConnections();
      server.close();
      storage.close();
    },
  };
}

export interface Company {
  tables: { access: string; policy: string; people: string; usage: string };
  /** Somebody active with an open gate and a live session. */
  signIn(name: string, groups: readonly string[], from?: { client: string; clientId: string }): Promise<SignedIn>;
}

export interface SignedIn {
  id: string;
  session: string;
  token: string;
}

/** Sets the environment variables that the entries read. @param aws where tables are made; the process's AWS clients reach it. */
export async function startCompany(aws: { table(capability: Capability): Promise<string> }): Promise<Company> {
  const tables = {
    access: await aws.table('access'),
    policy: await aws.table('policy'),
    people: await aws.table('people'),
    usage: await aws.table('usage'),
  };
  Object.assign(process.env, {
    TABLE_ACCESS: tables.access,
    TABLE_POLICY: tables.policy,
    TABLE_PEOPLE: tables.people,
    TABLE_USAGE: tables.usage,
    PUBLIC_URL: publicUrl,
    BUCKET_SERVED: servedBucket,
  });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = 'test';
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
  await put(tables.access, {
    ...signingKey.key(kid),
    kid,
    state: 'current',
    jwk,
    key_arn: 'arn:aws:kms:test',
    created_at: '2026-11-22T09:00:00.000Z',
  });

  return {
    tables,
    async signIn(name, groups, { client, clientId } = { client: 'claude_code', clientId: 'claude_code' }) {
      const [id, sid, at] = [freshId('per'), freshId('ses'), '2026-11-22T09:00:00.000Z'];
      const email = `${name}@example.com`;
      const iat = Math.floor(Date.now() / 1000);
      const row = { ...person.example, id, email, name, groups: [...groups] };
      await put(tables.people, { ...person.key(id), ...peopleIndex(id), ...row });
      await put(tables.people, { ...alias.key(email, id), email, person: id });
      const door = { person: id, state: 'open', epoch: 1, generation: 1, groups: [...groups], email, name, changed_at: at };
      await put(tables.access, { ...gate.key(id), ...door });
      await put(tables.access, { ...session.key(sid), ...session.example, id: sid, person: id, client, expires_at: iat + 86_400 });
      const claims = { iss: publicUrl, aud: publicUrl, sub: id, client_id: clientId, iat, exp: iat + 3_600, jti: 'test' };
      const input = signingInput(kid, { ...claims, sid, epoch: 1, auth_time: iat, scope: 'policy otlp inference usage' });
      const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return { id, session: sid, token: `${input}.${signature.toString('base64url')}` };
    },
  };
}

/** What an endpoint was asked, in order: `BatchGetItem`, `Query`, ... */
export interface Watched {
  operations: string[];
  /** Calls for which this answers true are answered 500 by the endpoint. */
  broken: (operation: string, input: Record<string, unknown>) => boolean;
  close(): void;
}

/** A second endpoint over the same tables that counts and breaks calls. Modules loaded after `vi.resetModules()` call it. */
export async function watch(aws: Pick<TestAws, 'clock' | 'dynamodb'>): Promise<Watched> {
  const watched: Watched = {
    operations: [],
    broken: () => false,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const server = createEndpoint({
    services: [aws.dynamodb],
    clock: aws.clock,
    authorize: (_caller, _target, operation, input) => {
      watched.operations.push(operation);
      const broken = watched.broken(operation, input as Record<string, unknown>);
      return broken ? new AwsError('InternalServerError', 'out of order', { status: 500 }) : undefined;
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return watched;
}

export type Entry = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
  body: any;
}

/** One call as API Gateway's REST proxy integration makes it. */
export async function call(
  entry: Entry,
  route: `${string} ${string}`,
  options: {
    token?: string;
    headers?: Record<string, string>;
    query?: Record<string, string>;
    path?: Record<string, string>;
    body?: unknown;
  } = {},
): Promise<Answer> {
  const [httpMethod, resource] = route.split(' ') as [string, string];
  const headers = { ...(options.token && { Authorization: `Bearer ${options.token}` }), ...options.headers };
  const multiple = (values: Record<string, string> | undefined) =>
    Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, [value]]));
  const event = {
    httpMethod,
    resource,
    path: resource,
    headers,
    multiValueHeaders: multiple(headers),
    multiValueQueryStringParameters: multiple(options.query),
    pathParameters: options.path ?? null,
    body: options.body === undefined ? null : typeof options.body === 'string' ? options.body : JSON.stringify(options.body),
    isBase64Encoded: false,
    requestContext: { requestId: 'req', identity: { sourceIp: '127.0.0.1' } },
  } as unknown as APIGatewayProxyEvent;
  const answer = await entry(event, { awsRequestId: 'test' } as Context);
  return { status: answer.statusCode, headers: answer.headers ?? {}, body: answer.body ? JSON.parse(answer.body) : undefined };
}
