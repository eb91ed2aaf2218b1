/** Proves Parameter Store and STS in the protocols that their SDK clients speak: AWS JSON 1.1, and forms answered in XML. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock.ts';
import { createParameters } from './parameters.ts';
import { createSts } from './sts.ts';
import { listen, type TestEndpoint } from './test-endpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-parameters-'));
const path = join(folder, 'parameters.json');
const clock = createClock();
let endpoint: TestEndpoint;

beforeAll(start);
afterAll(async () => {
  await endpoint.close();
  clock.close();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
  const sts = createSts((caller) => caller.startsWith('gatehouse-'));
  endpoint = await listen([createParameters({ clock, path })], clock, { whole: [sts] });
}
// biome-ignore lint/suspicious/noExplicitAny: answers of several operations; every read of one is an expectation.
async function call(operation: string, input: object): Promise<any> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AmazonSSM.${operation}` };
  const answer = await fetch(endpoint.client.endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
  const body = (await answer.json()) as { __type?: string };
  return answer.ok ? body : { error: body.__type };
}
const put = (Name: string, Value: string, more: object = {}) => call('PutParameter', { Name, Value, Type: 'String', ...more });
const values = ({ Parameters }: { Parameters: { Value: string }[] }) => Parameters.map(({ Value }) => Value);

describe('a parameter', () => {
  it('has versions, and is written over only when that is asked', async () => {
    expect(await put('/app/a', 'one')).toEqual({ Version: 1, Tier: 'Standard' });
    expect(await put('/app/a', 'two')).toEqual({ error: 'ParameterAlreadyExists' });
    expect((await put('/app/a', 'two', { Overwrite: true })).Version).toBe(2);
    expect((await call('GetParameter', { Name: '/app/a' })).Parameter).toMatchObject({ Value: 'two', Version: 2, Type: 'String' });
    expect((await call('GetParameter', { Name: '/app/a:1' })).Parameter.Value).toBe('one');
    expect(values(await call('GetParameterHistory', { Name: '/app/a' }))).toEqual(['one', 'two']);
  });

  it('that is secure tells its value only to who asks for it', async () => {
    await put('/app/secret', 'hidden', { Type: 'SecureString' });
    const secret = (WithDecryption: boolean) => call('GetParameter', { Name: '/app/secret', WithDecryption });
    expect((await secret(false)).Parameter.Value).not.toContain('hidden');
    expect((await secret(true)).Parameter.Value).toBe('hidden');
  });

  it('is found by its path and by its name, and outlives a restart', async () => {
    await put('/app/deep/er', 'x');
    await endpoint.close();
    await start();
    expect(values(await call('GetParametersByPath', { Path: '/app', WithDecryption: true }))).toEqual(['two', 'hidden']);
    expect(values(await call('GetParametersByPath', { Path: '/app', Recursive: true, MaxResults: 2 }))).toEqual(['two', 'x']);
    const some = await call('GetParameters', { Names: ['/app/a', '/none'] });
    expect([values(some), some.InvalidParameters]).toEqual([['two'], ['/none']]);
  });

  it('goes away', async () => {
    await call('DeleteParameter', { Name: '/app/a' });
    expect(await call('GetParameter', { Name: '/app/a' })).toEqual({ error: 'ParameterNotFound' });
    expect(await call('DeleteParameters', { Names: ['/app/deep/er', '/none'] })).toEqual({
      DeletedParameters: ['/app/deep/er'],
      InvalidParameters: ['/none'],
    });
  });

  it.each([
    ['without a type', { Name: '/x', Value: 'x' }],
    ['with a name that is not fully qualified', { Name: 'x/y', Value: 'x', Type: 'String' }],
    ['without a value', { Name: '/x', Value: '', Type: 'String' }],
  ])('is refused %s', async (_what, input) => {
    expect(await call('PutParameter', input)).toEqual({ error: 'ValidationException' });
  });
});

describe('STS', () => {
  async function ask(caller: string, Action = 'GetCallerIdentity'): Promise<string> {
    const answer = await fetch(endpoint.client.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `AWS4-HMAC-SHA256 Credential=${caller}/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=x`,
      },
      body: new URLSearchParams({ Action, Version: '2011-06-15' }).toString(),
    });
    return answer.text();
  }

  it('tells people and functions who they are', async () => {
    expect(await ask('me')).toContain('<Arn>arn:aws:iam::000000000000:user/me</Arn>');
    expect(await ask('gatehouse-x')).toContain('<Arn>arn:aws:sts::000000000000:assumed-role/gatehouse-x/gatehouse-x</Arn>');
  });
  it('gives nobody a role', async () => {
    expect(await ask('me', 'AssumeRole')).toContain('UnknownOperationException');
  });
});
