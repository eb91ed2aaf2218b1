/** Memory over time: a day of the stack clock under a small steady load, and functions that nobody uses any more. States what it measured. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';

const stepSeconds = 600;
const steps = (24 * 3600) / stepSeconds;
/** While caches fill and code is compiled, memory grows by what a day does not add. */
const warmUp = steps / 3;

let stack: Stack | undefined;
afterEach(() => stack?.stop());

/** Resident memory in MB (proc(5), VmRSS). */
function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Least squares, in y per x. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const over = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return over / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

it('keeps memory flat over a day of the stack clock', async () => {
  stack = await startStack({ args: ['--fast'] });
  const { aws } = companyOf(stack);
  const { stateMachines } = await aws<{ stateMachines: { name: string; stateMachineArn: string }[] }>(
    'AWSStepFunctions',
    'ListStateMachines',
    {},
  );
  const stateMachineArn = stateMachines.find(({ name }) => name.endsWith('-offboarding'))?.stateMachineArn;
  const input = JSON.stringify({ person: 'alice@example.com', reason: 'left', dry_run: true });
  const points: [hours: number, mb: number][] = [];
  for (let step = 0; step < steps; step++) {
    for (let n = 0; n < 20; n++) {
      // The same hundred keys again and again: the data stays, the load goes on.
      const Item = { pk: { S: `soak#${(step * 20 + n) % 100}` }, sk: { S: '1' }, n: { N: String(step) } };
      await aws('DynamoDB_20120810', 'PutItem', { TableName: 'gatehouse-local-people', Item });
    }
    const Entries = [{ Source: 'soak', DetailType: 'Soaked', Detail: '{"a":1}', EventBusName: 'gatehouse-local' }];
    await aws('AWSEvents', 'PutEvents', { Entries });
    const alice = await stack.as('alice@example.com');
    await alice.fetch('/managed/settings');
    if (step % 6 === 0) await aws('AWSStepFunctions', 'StartExecution', { stateMachineArn, input, name: `soak-${step}` });
    await stack.settled();
    await stack.advance(stepSeconds);
    await stack.settled();
    points.push([(step * stepSeconds) / 3600, residentMb(stack.pid)]);
  }
  const grown = slope(points.slice(warmUp)) * 24;
  const most = Math.max(...points.map(([, mb]) => mb));
  console.log(
    `soak: ${points.at(0)?.[1].toFixed(0)} MB at first, ${points.at(-1)?.[1].toFixed(0)} MB at last, most ${most.toFixed(0)} MB; ${grown.toFixed(1)} MB a day`,
  );
  expect(grown).toBeLessThan(40);
  expect(most).toBeLessThan(800);
});

it('holds less than 300 MB when thirty functions were used and none is any more', async () => {
  stack = await startStack();
  const { routes } = (await (await fetch(`${stack.aws}/_routes`)).json()) as { routes: { functionName: string }[] };
  const names = [...new Set(routes.map(({ functionName }) => functionName))].slice(0, 30);
  const registered = residentMb(stack.pid);
  for (const name of names) {
    const answer = await fetch(`${stack.aws}/2015-03-31/functions/${name}/invocations`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(200);
    await answer.text();
  }
  const used = residentMb(stack.pid);
  const { pid } = stack;
  // Idle environments are ended by real time.
  const idle = await stack
    .until(async () => (residentMb(pid) < 300 ? residentMb(pid) : undefined), { timeoutMs: 180_000, what: 'memory below 300 MB' })
    .catch(() => residentMb(pid));
  console.log(`${names.length} functions: ${registered.toFixed(0)} MB before, ${used.toFixed(0)} MB used, ${idle.toFixed(0)} MB idle`);
  expect(names.length).toBe(30);
  expect(idle).toBeLessThan(300);
});
