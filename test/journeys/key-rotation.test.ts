import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const machine = 'arn:aws:states:us-east-1:000000000000:stateMachine:gatehouse-local-key-rotation:live';
const states = <T>(operation: string, body: object) => companyOf(stack).aws<T>('AWSStepFunctions', operation, body);
const start = async (input: object) =>
  (await states<{ executionArn: string }>('StartExecution', { stateMachineArn: machine, input: JSON.stringify(input) })).executionArn;
const kids = async () => {
  const { keys } = (await (await fetch(`${stack.gateway}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
};
const kidOf = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

describe('an admin who starts a key rotation by hand', () => {
  it('is told what to write when it is wrong', async () => {
    const executionArn = await start({});
    const told = await stack.until(
      async () => {
        const one = await states<{ status: string; cause?: string }>('DescribeExecution', { executionArn });
        return one.status === 'RUNNING' ? undefined : one;
      },
      { what: 'the refusal' },
    );
    expect(told.status).toBe('FAILED');
    expect(told.cause).toContain('Write {\\"reason\\": \\"twice a year\\"}');
  });

  it('sees the key change while everybody who signed in stays signed in', async () => {
    const before = await stack.as('alice@example.com');
    const former = kidOf(before.accessToken);
    const executionArn = await start({ reason: 'a drill' });
    await stack.until(async () => ((await kids()).length === 2 ? true : undefined), { what: 'the next key' });
    expect(kidOf((await stack.as('bob@example.com')).accessToken)).toBe(former);
    const after = await stack.until(
      async () => {
        const one = await stack.as('alice@example.com');
        return kidOf(one.accessToken) === former ? undefined : one;
      },
      { stepSeconds: 60, what: 'a token of the next key' },
    );
    for (const one of [before, after]) expect((await one.fetch('/managed/settings')).status).toBe(200);
    await stack.until(
      async () => {
        const { status } = await states<{ status: string }>('DescribeExecution', { executionArn });
        return status === 'RUNNING' ? undefined : status;
      },
      { stepSeconds: 900, what: 'the end of the former key' },
    );
    expect(await kids()).toEqual([kidOf(after.accessToken)]);
    const last = await states<{ status: string }>('DescribeExecution', { executionArn });
    expect(last.status).toBe('SUCCEEDED');
  }, 60_000);
});
