/** For tests of access's entries: DynamoDB, KMS and secrets behind the real endpoint, a real identity provider, people with records and a policy; calls as API Gateway makes them. */
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { identity } from '@gatehouse/contracts/records/identity';
import { person } from '@gatehouse/contracts/records/person';
import { policyHead, policyVersion } from '@gatehouse/contracts/records/policy';
import { createKms } from '@gatehouse/local/aws/kms';
import { createSecretsManager } from '@gatehouse/local/aws/secrets-manager';
import type { AwsError, AwsService, Operation } from '@gatehouse/local/aws/service';
import { createIdp, type Idp } from '@gatehouse/local/idp/create-idp';
import { installStackDate } from '@gatehouse/local/lambda/stack-date';
import { samplePolicy } from '@gatehouse/rules/sample';
import { freshId } from '@gatehouse/runtime/clock';
import { put, readPage, remove } from '@gatehouse/runtime/table';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import type { World } from './refresh-life.fixture.ts';

export const origin = 'https://gateway.example.com';

export interface Scene {
  aws: TestAws;
  idp: Idp;
  table: string;
  people: string;
  /** E-mail -> `per_...`. */
  person(email: string): string;
  idToken(email: string, wish?: Parameters<Idp['signIdToken']>[1]): Promise<string>;
  /** Writes the directory's record of somebody anew. */
  setPerson(email: string, change: Record<string, unknown>): Promise<void>;
  /** Operation -> what it answers instead, e.g. `Sign`. */
  trouble: Map<string, AwsError>;
  /** Every row of access's table whose partition begins so. */
  rows(prefix: string): Promise<Record<string, unknown>[]>;
  /** Deletes every row of access's table. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

export async function startScene(publicUrl = origin): Promise<Scene> {
  const trouble = new Map<string, AwsError>();
  const aws = await startAws((clock) =>
    [createKms({ clock }), createSecretsManager({ clock })].map((service) => troubled(service, trouble)),
  );
  installStackDate(() => aws.clock.now());
  const idp = await createIdp({
    port: 0,
    clock: aws.clock,
    emit: () => {},
    directoryToken: 'read-only',
    redirectUris: [`${origin}/oauth/callback`],
  });
  const [table, people, policy] = [await aws.table('access'), await aws.table('people'), await aws.table('policy')];
  const kms = new KMSClient({});
  const signingKey = async () =>
    (await kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }))).KeyMetadata?.Arn;
  const secrets = new SecretsManagerClient({});
  const pepper = await secrets.send(
    new CreateSecretCommand({ Name: 'refresh-pepper', SecretString: 'a pepper for tests and nothing else' }),
  );
  const graph = await secrets.send(new CreateSecretCommand({ Name: 'entra-graph', SecretString: 'a client secret for tests' }));
  Object.assign(process.env, {
    TABLE_ACCESS: table,
    TABLE_PEOPLE: people,
    TABLE_POLICY: policy,
    BUCKET_SERVED: 'served',
    PUBLIC_URL: publicUrl,
    CONFIG: JSON.stringify({
      issuers: [{ issuer: idp.issuer, audiences: ['gatehouse'], directory: true }],
      login: { issuer: idp.issuer, client_id: 'gatehouse' },
      allow_loopback_http: true,
    }),
    KEY_SIGNING_A_ARN: await signingKey(),
    KEY_SIGNING_B_ARN: await signingKey(),
    KEY_SIGNING_C_ARN: await signingKey(),
    SECRET_REFRESH_PEPPER_ARN: pepper.ARN,
    SECRET_ENTRA_GRAPH_ARN: graph.ARN,
    STEP_ADMIT_PERSON_ARN: 'arn:aws:lambda:us-east-1:000000000000:function:gatehouse-test-people-admit-person:live',
    BUS_NAME: 'gatehouse-test',
  });
  const document = JSON.stringify(samplePolicy);
  const version = { version: 1, digest: 'sha256:0', published_at: '2026-11-22T09:00:00.000Z' };
  await put(policy, { ...policyHead.key(), ...version });
  await put(policy, { ...policyVersion.key(1), ...version, author: 'per_0', reason: 'test', document });

  const ids = new Map<string, string>();
  const known = (email: string) => {
    const found = idp.directory.people().find((one) => one.email === email);
    if (!found) throw new Error(`Nobody is called ${email}`);
    return found;
  };
  async function setPerson(email: string, change: Record<string, unknown>): Promise<void> {
    const one = known(email);
    const id = ids.get(email) ?? freshId('per');
    ids.set(email, id);
    const groups = idp.directory.groupsOf(one).map(({ name }) => name);
    const subjects = [{ issuer: idp.issuer, subject: one.id }];
    await put(people, { ...person.key(id), ...person.example, id, email, name: one.name, groups, subjects, ...change });
    await put(people, { ...identity.key(idp.issuer, one.id), person: id, issuer: idp.issuer, subject: one.id });
  }
  for (const { email } of idp.directory.people()) await setPerson(email, {});

  async function rows(prefix: string): Promise<Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const page = await readPage(table, { ConsistentRead: true, ExclusiveStartKey: from });
      found.push(...page.items.filter(({ pk }) => String(pk).startsWith(prefix)));
      from = page.next;
    } while (from);
    return found;
  }

  return {
    aws,
    idp,
    table,
    people,
    person: (email) => ids.get(email) ?? '',
    idToken: (email, wish) => idp.signIdToken(known(email), wish),
    setPerson,
    trouble,
    rows,
    forget: async () => {
      const gone = (await rows('')).filter(({ pk }) => pk !== 'SIGNING-KEYS');
      await Promise.all(gone.map(({ pk, sk }) => remove(table, { pk: String(pk), sk: String(sk) })));
    },
    close: async () => {
      kms.destroy();
      secrets.destroy();
      await idp.close();
      await aws.close();
    },
  };
}

function troubled(service: AwsService, trouble: ReadonlyMap<string, AwsError>): AwsService {
  const operations = Object.entries(service.operations).map(([name, operation]): [string, Operation] => [
    name,
    (input, caller) => {
      const error = trouble.get(name);
      if (error) throw error;
      return operation(input, caller);
    },
  ]);
  return { ...service, operations: Object.fromEntries(operations) };
}

export type Entry = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

export interface Sent {
  /** An object travels as a form. */
  form?: Record<string, string> | [string, string][] | undefined;
  json?: unknown;
  body?: string;
  query?: Record<string, string>;
  /** Path parameters. */
  path?: Record<string, string>;
  headers?: Record<string, string>;
  cookie?: string;
  token?: string;
  sourceIp?: string;
}

export interface Told {
  status: number;
  headers: Record<string, string>;
  cookies: string[];
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
  json: any;
}

/** One call as API Gateway's proxy integration makes it. */
export async function call(entry: Entry, route: `${string} ${string}`, sent: Sent = {}): Promise<Told> {
  const [httpMethod = '', resource = ''] = route.split(' ');
  const body =
    sent.body ?? (sent.form ? new URLSearchParams(sent.form).toString() : sent.json === undefined ? null : JSON.stringify(sent.json));
  const headers: Record<string, string> = {
    ...(sent.form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
    ...(sent.json !== undefined && { 'Content-Type': 'application/json' }),
    ...(sent.cookie && { Cookie: sent.cookie }),
    ...(sent.token && { Authorization: `Bearer ${sent.token}` }),
    ...sent.headers,
  };
  const several = (values: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
  const event = {
    httpMethod,
    resource,
    path: resource,
    multiValueHeaders: several(headers),
    multiValueQueryStringParameters: several(sent.query),
    pathParameters: sent.path ?? null,
    body,
    isBase64Encoded: false,
    requestContext: { requestId: 'req', identity: { sourceIp: sent.sourceIp ?? '10.1.2.3' } },
  } as unknown as APIGatewayProxyEvent;
  const answer = await entry(event, { awsRequestId: 'test' } as Context);
  const text = answer.body;
  return {
    status: answer.statusCode,
    headers: answer.headers as Record<string, string>,
    cookies: (answer.multiValueHeaders?.['set-cookie'] ?? []).map(String),
    text,
    get json() {
      return JSON.parse(text);
    },
  };
}

/** The token entry as a developer's machine and a thief see it. */
export function worldOf(scene: Scene, token: Entry, email: string): World {
  return {
    signIn: async () => (await call(token, 'POST /auth/verify', { json: { token: await scene.idToken(email) } })).json.refresh_token,
    refresh: async (refresh_token) => {
      const told = await call(token, 'POST /auth/refresh', { json: { refresh_token } });
      return told.status === 200 ? told.json.refresh_token : undefined;
    },
    advance: (seconds) => scene.aws.clock.advance(seconds),
    alerted: async () => {
      const facts = (await scene.rows('OUTBOX#')).filter(({ type }) => type === 'refresh-reused');
      return facts.some(({ detail }) => String(detail).includes(scene.person(email)));
    },
  };
}
