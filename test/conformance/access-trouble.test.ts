/** Bad input and bad times: each has a defined answer, and nothing is left half-written. Entries in process, over the real store adapter, key store and identity provider. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { handler as device } from '../../packages/access/device.lambda.ts';
import { handler as revocation } from '../../packages/access/revoke.lambda.ts';
import { call, type Entry, type Scene, type Sent, startScene } from '../../packages/access/scene.fixture.ts';
import { handler as token } from '../../packages/access/token.lambda.ts';
import { AwsError, type Operation } from '../../packages/local/aws/service.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterEach(() => {
  bringStoreBack();
  scene.trouble.clear();
  scene.idp.faults.clear();
});
afterAll(() => scene.close());

const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const deviceType = 'urn:ietf:params:oauth:grant-type:device_code';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const exchangeForm = (subject_token: string) => ({ grant_type: exchangeType, subject_token, subject_token_type: idTokenType });
const refreshForm = (refresh_token: string) => ({ grant_type: 'refresh_token', refresh_token });
const signIn = async (email = 'dave@example.com') =>
  (await call(token, 'POST /oauth/token', { form: exchangeForm(await scene.idToken(email)) })).json as Record<string, string>;

let before: Record<string, Operation> | undefined;
/** DynamoDB as it is when it is away or busy: these operations fail as the service would fail them. */
function takeStoreAway(error: AwsError, names?: readonly string[]): void {
  const operations = scene.aws.dynamodb.operations as Record<string, Operation>; // The stand-in's own table of operations.
  before = { ...operations };
  for (const name of names ?? Object.keys(operations)) {
    operations[name] = () => {
      throw error;
    };
  }
}
function bringStoreBack(): void {
  if (before) Object.assign(scene.aws.dynamodb.operations, before);
  before = undefined;
}

const away = new AwsError('InternalServerError', 'away', { status: 500 });
const busy = new AwsError('ProvisionedThroughputExceededException', 'busy');

describe('bad input', () => {
  const good = { refresh_token: 'fam_01h00000000000000000000000.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' };
  const raw = (body: string, contentType: string): Sent => ({ body, headers: { 'Content-Type': contentType } });
  const formType = 'application/x-www-form-urlencoded';
  const table: [string, Entry, `${string} ${string}`, Sent, number, string][] = [
    ['JSON at the token endpoint', token, 'POST /oauth/token', { json: refreshForm('x') }, 400, 'invalid_request'],
    ['a form that says it is text', token, 'POST /oauth/token', raw('grant_type=refresh_token', 'text/plain'), 400, 'invalid_request'],
    ['a multipart form', token, 'POST /oauth/token', raw('--x--', 'multipart/form-data; boundary=x'), 400, 'invalid_request'],
    ['no content type', token, 'POST /oauth/token', { body: 'grant_type=refresh_token' }, 400, 'invalid_request'],
    [
      'a form with a charset',
      token,
      'POST /oauth/token',
      raw(new URLSearchParams({ grant_type: 'x' }).toString(), `${formType}; charset=utf-8`),
      400,
      'unsupported_grant_type',
    ],
    ['nothing at all', token, 'POST /oauth/token', raw('', formType), 400, 'invalid_request'],
    ['bytes that are no text', token, 'POST /oauth/token', raw('grant_type=%FF%FE&a=%00', formType), 400, 'unsupported_grant_type'],
    ['a grant type in capitals', token, 'POST /oauth/token', { form: { grant_type: 'REFRESH_TOKEN' } }, 400, 'unsupported_grant_type'],
    [
      'a refresh token twice',
      token,
      'POST /oauth/token',
      {
        form: [
          ['grant_type', 'refresh_token'],
          ['refresh_token', 'a'],
          ['refresh_token', 'b'],
        ],
      },
      400,
      'invalid_request',
    ],
    [
      'an unknown parameter twice',
      token,
      'POST /oauth/token',
      {
        form: [
          ['grant_type', 'refresh_token'],
          ['refresh_token', 'a'],
          ['z', '1'],
          ['z', '2'],
        ],
      },
      400,
      'invalid_request',
    ],
    [
      'ten thousand parameters',
      token,
      'POST /oauth/token',
      { form: Array.from({ length: 10_000 }, (_, at) => [`p${at}`, '1'] as [string, string]) },
      400,
      'invalid_request',
    ],
    ['a refresh token of a megabyte', token, 'POST /oauth/token', { form: refreshForm('x'.repeat(1_048_576)) }, 400, 'invalid_request'],
    ['a refresh token of 60 KB', token, 'POST /oauth/token', { form: refreshForm('x'.repeat(60_000)) }, 401, 'invalid_grant'],
    ['a refresh without client_id', token, 'POST /oauth/token', { form: refreshForm(good.refresh_token) }, 401, 'invalid_grant'],
    [
      'a refresh with client_id',
      token,
      'POST /oauth/token',
      { form: { ...refreshForm(good.refresh_token), client_id: 'agent' } },
      400,
      'invalid_grant',
    ],
    [
      'a client_id with a line break',
      token,
      'POST /oauth/token',
      { form: { ...refreshForm('x'), client_id: 'a\nb' } },
      400,
      'invalid_request',
    ],
    ['a scope with two spaces', token, 'POST /oauth/token', { form: { ...refreshForm('x'), scope: 'policy  otlp' } }, 400, 'invalid_scope'],
    ['an unknown device code', token, 'POST /oauth/token', { form: { grant_type: deviceType, device_code: 'x' } }, 400, 'expired_token'],
    [
      'a device code of 60 KB',
      token,
      'POST /oauth/token',
      { form: { grant_type: deviceType, device_code: 'x'.repeat(60_000) } },
      400,
      'expired_token',
    ],
    ['an alias without JSON', token, 'POST /auth/refresh', raw('refresh_token=x', formType), 400, 'invalid_request'],
    ['an alias with another type', token, 'POST /auth/refresh', { json: { refresh_token: { $gt: '' } } }, 400, 'invalid_request'],
    ['an alias with a megabyte', token, 'POST /auth/verify', { json: { token: 'x'.repeat(1_048_576) } }, 400, 'invalid_request'],
    [
      'an alias with JSON nested 10,000 deep',
      token,
      'POST /auth/verify',
      raw(`${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'application/json'),
      400,
      'invalid_request',
    ],
    ['a revocation without a token', revocation, 'POST /oauth/revoke', { form: { nothing: '1' } }, 400, 'invalid_request'],
    ['a revocation as JSON', revocation, 'POST /oauth/revoke', { json: { token: 'x' } }, 400, 'invalid_request'],
    [
      'a revocation of two tokens',
      revocation,
      'POST /oauth/revoke',
      {
        form: [
          ['token', 'a'],
          ['token', 'b'],
        ],
      },
      400,
      'invalid_request',
    ],
    ['a device login as JSON', device, 'POST /oauth/device_authorization', { json: {} }, 400, 'invalid_request'],
    [
      'a device login of a strange surface',
      device,
      'POST /oauth/device_authorization',
      { form: { surface: '<script>' } },
      400,
      'invalid_request',
    ],
  ];

  it.each(table)('%s has a defined answer and leaves no row', async (_, entry, route, sent, status, error) => {
    const rows = await scene.rows('');
    const told = await call(entry, route, sent);
    expect([told.status, told.json.error]).toEqual([status, error]);
    expect(told.headers['cache-control']).toBe('no-store');
    const changed = (await scene.rows('')).filter(({ pk }) => !String(pk).startsWith('RATE#'));
    expect(changed).toEqual(rows.filter(({ pk }) => !String(pk).startsWith('RATE#')));
  });
});

describe('while the store is away, each endpoint', () => {
  it('answers 503 with Retry-After, and nothing is half-written', async () => {
    const { access_token = '', refresh_token = '' } = await signIn();
    const subject = await scene.idToken('dave@example.com');
    const begun = (await call(device, 'POST /oauth/device_authorization', { form: { surface: 'claude_code' } })).json as {
      device_code: string;
    };
    const rows = await scene.rows('');
    const asks: (() => ReturnType<typeof call>)[] = [
      () => call(token, 'POST /oauth/token', { form: exchangeForm(subject) }),
      () => call(token, 'POST /oauth/token', { form: refreshForm(refresh_token) }),
      () => call(token, 'POST /oauth/token', { form: { grant_type: deviceType, device_code: begun.device_code } }),
      () => call(token, 'POST /auth/refresh', { json: { refresh_token } }),
      () => call(revocation, 'POST /oauth/revoke', { form: { token: access_token } }),
      () => call(revocation, 'POST /oauth/revoke', { form: { token: refresh_token } }),
      () => call(device, 'POST /oauth/device_authorization', { form: { surface: 'claude_code' } }),
    ];
    takeStoreAway(away);
    for (const ask of asks) {
      const told = await ask();
      expect([told.status, told.headers['retry-after'], told.json.error]).toEqual([503, '1', 'temporarily_unavailable']);
    }
    const introspected = await call(revocation, 'POST /oauth/introspect', { token: access_token, form: { token: access_token } });
    expect(introspected.status, 'admission does not know').toBe(503);
    bringStoreBack();
    expect(await scene.rows('')).toEqual(rows);
    expect((await call(token, 'POST /oauth/token', { form: refreshForm(refresh_token) })).status).toBe(200);
    expect((await call(token, 'POST /oauth/token', { form: exchangeForm(subject) })).status).toBe(200);
  }, 30_000);
});

describe.each([
  ['away', away, 503],
  ['busy', busy, 429],
] as const)('while the store reads, and for writes is %s', (_, error, status) => {
  it('nothing is given away, and what was asked for can be asked for again', async () => {
    const { refresh_token = '' } = await signIn();
    const subject = await scene.idToken('dave@example.com');
    const rows = await scene.rows('');
    takeStoreAway(error, ['UpdateItem', 'PutItem', 'TransactWriteItems']);
    for (const form of [exchangeForm(subject), refreshForm(refresh_token)]) {
      const told = await call(token, 'POST /oauth/token', { form });
      expect([told.status, told.headers['retry-after']]).toEqual([status, '1']);
      expect(told.text).not.toContain('access_token');
    }
    bringStoreBack();
    expect(await scene.rows('')).toEqual(rows);
    const next = await call(token, 'POST /oauth/token', { form: refreshForm(refresh_token) });
    expect(next.json.refresh_token).toContain('.2.');
  }, 30_000);
});

describe('a write that came through though its answer was lost', () => {
  it('gives the same successor when the refresh is tried again', async () => {
    const { refresh_token = '' } = await signIn();
    const operations = scene.aws.dynamodb.operations as Record<string, Operation>; // The stand-in's own table of operations.
    before = { ...operations };
    for (const name of ['UpdateItem', 'TransactWriteItems']) {
      const real = operations[name] as Operation;
      operations[name] = async (input, caller) => {
        await real(input, caller);
        throw away;
      };
    }
    const lost = await call(token, 'POST /oauth/token', { form: refreshForm(refresh_token) });
    bringStoreBack();
    const again = await call(token, 'POST /oauth/token', { form: refreshForm(refresh_token) });
    expect(again.status).toBe(200);
    expect(again.json.refresh_token).toContain('.2.');
    if (lost.status === 200) expect(lost.json.refresh_token).toBe(again.json.refresh_token);
    else expect(lost.status).toBe(503);
    expect(await scene.rows(`FAMILY#${refresh_token.split('.')[0]}`)).toMatchObject([{ step: 2, state: 'live' }]);
  });
});

describe('while the identity provider is down', () => {
  it('what needs it says so, and what does not goes on', async () => {
    const { refresh_token = '' } = await signIn();
    scene.idp.faults.add({ path: '/', status: 503 });
    expect((await call(token, 'POST /oauth/token', { form: refreshForm(refresh_token) })).status).toBe(200);
    scene.aws.clock.advance(24 * 3_600 + 60);
    const told = await call(token, 'POST /oauth/token', { form: exchangeForm(await scene.idToken('dave@example.com')) });
    expect([told.status, told.json.error, told.headers['retry-after']]).toEqual([503, 'temporarily_unavailable', '1']);
    scene.idp.faults.clear();
    scene.aws.clock.advance(10);
    expect((await call(token, 'POST /oauth/token', { form: exchangeForm(await scene.idToken('dave@example.com')) })).status).toBe(200);
  });
});

describe('while the secret of refresh tokens cannot be read', () => {
  it('nothing is minted and nothing is spent', async () => {
    const subject = await scene.idToken('dave@example.com');
    const rows = await scene.rows('');
    scene.aws.clock.advance(301);
    scene.trouble.set('GetSecretValue', new AwsError('ThrottlingException', 'Rate exceeded'));
    const told = await call(token, 'POST /oauth/token', { form: exchangeForm(subject) });
    expect([429, 503]).toContain(told.status);
    expect(await scene.rows('')).toEqual(rows);
    scene.trouble.clear();
    expect((await call(token, 'POST /oauth/token', { form: exchangeForm(subject) })).status).toBe(200);
  });
});
