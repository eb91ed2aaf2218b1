/** What a person at a terminal meets: flags, taken ports and folders. Each trouble is one sentence and no stack trace. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fourPorts } from '../../packages/local/ports.ts';
import { companyOf } from '../support/company.ts';
import { type Stack, startStack } from '../support/stack.ts';

// The machine that runs this may be busy with much else.
vi.setConfig({ testTimeout: 60_000 });

const main = fileURLToPath(new URL('../../packages/local/start.mjs', import.meta.url));
let home: string;
let port: number;
let running: Stack;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'gatehouse-first-'));
  port = await fourPorts(0);
  running = await startStack({ data: join(home, 'taken'), port });
});
afterAll(async () => {
  await running?.stop();
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}
/** Runs it to its end; a stack that comes up where none should is killed, and has no exit code. */
function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: home, env: { PATH: process.env.PATH ?? '', HOME: home } });
    const ended: Ended = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      ended.out += chunk;
      if (ended.out.includes('Gatehouse is up')) child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk) => {
      ended.err += chunk;
    });
    child.once('close', (code) => resolve({ ...ended, code }));
  });
}
function oneSentence({ code, out, err }: Ended): string {
  expect([code, out]).toEqual([1, '']);
  expect(err).not.toMatch(/^\s+at /m);
  expect(err.trim().split('\n')).toHaveLength(1);
  return err.trim();
}

describe('a second stack', () => {
  it('on the folder of a running one is told which process holds it', async () => {
    const said = oneSentence(await run('--port', '0', '--data', join(home, 'taken')));
    expect(said).toContain(`${join(home, 'taken')} is in use by process ${running.pid}`);
    expect(said).toContain('--data');
  });

  it('on the ports of a running one is told which is taken, and leaves no folder locked behind', async () => {
    const data = join(home, 'other');
    for (const wanted of [port, port - 3]) {
      const said = oneSentence(await run('--port', String(wanted), '--data', data));
      expect(said).toContain(`Port ${port} is taken`);
      expect(said).toContain('--port');
    }
    const second = await startStack({ data });
    await second.stop();
  });

  it('on ports and a folder of its own runs beside the first', async () => {
    const second = await startStack({ data: join(home, 'beside') });
    expect((await fetch(`${second.gateway}/healthz`)).status).toBe(200);
    expect((await fetch(`${running.gateway}/healthz`)).status).toBe(200);
    expect((await second.as('alice@example.com')).id).not.toBe((await running.as('alice@example.com')).id);
    await second.stop();
  });

  it('is told when only one of its four ports is taken', async () => {
    const free = await fourPorts(0);
    const squatter = createServer().listen(free + 2, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    expect(oneSentence(await run('--port', String(free), '--data', join(home, 'squat')))).toContain(`Port ${free + 2} is taken`);
    squatter.close();
  });
});

describe('a folder', () => {
  it('of somebody else’s files is refused and left as it was, even with --fresh', async () => {
    const foreign = await mkdtemp(join(home, 'foreign-'));
    await writeFile(join(foreign, 'thesis.txt'), 'years of work');
    for (const flags of [[], ['--fresh']]) {
      const said = oneSentence(await run('--port', '0', '--data', foreign, ...flags));
      expect(said).toContain('thesis.txt');
    }
    expect(await readdir(foreign)).toEqual(['thesis.txt']);
    expect(await readFile(join(foreign, 'thesis.txt'), 'utf8')).toBe('years of work');
  });

  it('that is new is made; --fresh empties it, and nothing else does', async () => {
    const joined = 'joined@example.com';
    // The same ports each time: the identity provider's address is its name.
    const where = { data: join(home, 'made', 'here'), port: await fourPorts(0) };
    const first = await startStack(where);
    await companyOf(first).hr('POST', '/users', { email: joined, groups: ['engineering'] });
    const { id } = await first.as(joined);
    await first.stop();
    const second = await startStack(where);
    expect((await second.as(joined)).id).toBe(id);
    await second.stop();
    const third = await startStack({ ...where, args: ['--fresh'] });
    expect((await fetch(`${third.idp}/directory/users/${joined}`)).status).toBe(404);
    expect((await third.as('alice@example.com')).id).toMatch(/^per_/);
    await third.stop();
  }, 40_000);
});

describe('a flag', () => {
  it('--help tells of every other flag and starts nothing', async () => {
    const { code, out, err } = await run('--help');
    expect([code, err]).toEqual([0, '']);
    for (const flag of ['--port', '--data', '--fresh', '--fast', '--issuer']) expect(out).toContain(flag);
    expect(await readdir(home)).not.toContain('.gatehouse');
  });

  it.each([
    ['--port', 'abc'],
    ['--port', '-1'],
    ['--port', '65533'],
    ['--port', '80.5'],
    ['--issuer', 'not a url'],
    ['--colour', 'red'],
    ['--port'],
  ])('%s %s that is wrong is told with the page of flags', async (...args) => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(args[0]);
    expect(err).toContain('npm start -- [flags]');
    expect(err).not.toMatch(/^\s+at /m);
  });
});

describe('a stack that is stopped', () => {
  it('by Ctrl-C ends cleanly, and starts again at once on the same ports and folder', async () => {
    const data = join(home, 'stopped');
    const free = await fourPorts(0);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const stack = await startStack({ data, port: free });
      await stack.as('alice@example.com');
      await stack.stop(signal);
    }
    expect((await readdir(data)).filter((name) => name.includes('lock'))).toEqual([]);
  });

  it('with --fast serves the same', async () => {
    const stack = await startStack({ args: ['--fast'] });
    expect((await (await stack.as('bob@example.com')).fetch('/managed/settings')).status).toBe(200);
    await stack.stop();
  });
});
