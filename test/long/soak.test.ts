/** Memory over time: a day and a half of the stack clock under a small steady load, and functions that nobody uses any more. States what it measured. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { functionName } from '@gatehouse/contracts/names';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { expect, it } from 'vitest';
import { startStack } from '../support/stack.ts';

const stepSeconds = 600;
const steps = (36 * 3600) / stepSeconds;
/** While caches fill and code is compiled, memory grows by what a day does not add: the day that is measured comes after half a day. */
const warmUp = steps / 3;

interface Memory {
  /** Reachable after garbage was collected, in the heap and outside of it. */
  liveMb: number;
  residentMb: number;
}
interface Soaked {
  gateway: string;
  aws: string;
  idp: string;
}

/** Least squares, in y per x. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const over = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return over / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

async function heard<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}

async function aws<T>(stack: Soaked, service: string, operation: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${service}.${operation}` };
  const response = await fetch(stack.aws, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${operation} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** Signs somebody in and asks for their settings. */
async function signIn({ idp, gateway }: Soaked, login: string): Promise<void> {
  const json = { 'content-type': 'application/json' };
  const given = await fetch(`${idp}/directory/users/${login}/id-token`, { method: 'POST', headers: json, body: '{}' });
  const { id_token } = (await given.json()) as { id_token: string };
  const grant = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: id_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  };
  const signed = await fetch(`${gateway}/oauth/token`, { method: 'POST', body: new URLSearchParams(grant) });
  const { access_token } = (await signed.json()) as { access_token: string };
  const settings = await fetch(`${gateway}/managed/settings`, { headers: { authorization: `Bearer ${access_token}` } });
  if (!settings.ok) throw new Error(`The settings answered ${settings.status}: ${await settings.text()}`);
  await settings.text();
}

async function loadOnce(stack: Soaked, stateMachineArn: string | undefined, step: number): Promise<void> {
  // The same hundred keys again and again: the data stays, the load goes on.
  for (let n = 0; n < 20; n++) {
    const Item = { pk: { S: `soak#${(step * 20 + n) % 100}` }, sk: { S: '1' }, n: { N: String(step) } };
    await aws(stack, 'DynamoDB_20120810', 'PutItem', { TableName: 'gatehouse-local-people', Item });
  }
  const Entries = [{ Source: 'soak', DetailType: 'Soaked', Detail: '{"a":1}', EventBusName: 'gatehouse-local' }];
  await aws(stack, 'AWSEvents', 'PutEvents', { Entries });
  await signIn(stack, 'alice@example.com');
  const input = JSON.stringify({ person: 'alice@example.com', reason: 'left', dry_run: true });
  if (step % 6 === 0) await aws(stack, 'AWSStepFunctions', 'StartExecution', { stateMachineArn, input, name: `soak-${step}` });
  await fetch(`${stack.aws}/_settled`);
  await fetch(`${stack.aws}/_clock`, { method: 'POST', body: JSON.stringify({ advance_seconds: stepSeconds }) });
  await fetch(`${stack.aws}/_settled`);
}

it('keeps what is alive in memory flat over a day of the stack clock', async () => {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-soak-'));
  const child = fork(fileURLToPath(new URL('./soak-stack.ts', import.meta.url)), [data], { execArgv: ['--expose-gc'] });
  try {
    const stack = await heard<Soaked>(child);
    const listed = await aws<{ stateMachines: { name: string; stateMachineArn: string }[] }>(
      stack,
      'AWSStepFunctions',
      'ListStateMachines',
      {},
    );
    const machine = listed.stateMachines.find(({ name }) => name.endsWith('-offboarding'))?.stateMachineArn;
    const points: [hours: number, memory: Memory][] = [];
    for (let step = 0; step < steps; step++) {
      await loadOnce(stack, machine, step);
      child.send('measure');
      points.push([(step * stepSeconds) / 3600, await heard<Memory>(child)]);
    }
    const perDay = (of: keyof Memory) => slope(points.slice(warmUp).map(([hours, memory]) => [hours, memory[of]])) * 24;
    const most = Math.max(...points.map(([, { residentMb }]) => residentMb));
    const last = points.at(-1)?.[1];
    console.log(
      `soak: ${last?.liveMb.toFixed(0)} MB alive, ${perDay('liveMb').toFixed(1)} MB more a day; ` +
        `resident ${last?.residentMb.toFixed(0)} MB, ${perDay('residentMb').toFixed(1)} MB more a day`,
    );
    expect(perDay('liveMb')).toBeLessThan(5);
    expect(most).toBeLessThan(600);
  } finally {
    child.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  }
});

it('holds less than 300 MB when thirty functions were used and none is any more', async () => {
  const surfaces = await loadSurfaces();
  const names = surfaces.flatMap(({ capability, entries }) =>
    Object.keys(entries).map((entry) => functionName('local', capability, entry)),
  );
  const stack = await startStack();
  // proc(5), VmRSS.
  const residentMb = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${stack.pid}/status`, 'utf8'))?.[1]) / 1024;
  try {
    const before = residentMb();
    for (const name of names.slice(0, 30)) {
      // What it answers to nothing does not matter, only that it ran.
      const answer = await fetch(`${stack.aws}/2015-03-31/functions/${name}/invocations`, { method: 'POST', body: '{}' });
      expect(answer.status).toBe(200);
      await answer.text();
    }
    const used = residentMb();
    // Idle environments are ended by real time.
    await stack.until(async () => (residentMb() < 300 ? true : undefined), { timeoutMs: 120_000 }).catch(() => undefined);
    console.log(
      `${names.length} functions: ${before.toFixed(0)} MB at first, ${used.toFixed(0)} MB in use, ${residentMb().toFixed(0)} MB idle`,
    );
    expect(names.length).toBeGreaterThanOrEqual(30);
    expect(residentMb()).toBeLessThan(300);
  } finally {
    await stack.stop();
  }
});
