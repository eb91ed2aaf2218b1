import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataFolderError, openDataFolder } from './data-folder.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'gatehouse-data-'));
const lockOf = (path: string) => join(path, 'gatehouse.lock.11111111-2222-3333-4444-555555555555');
const locks = (path: string) => readdirSync(path).filter((name) => name.startsWith('gatehouse.lock'));

describe('a data folder', () => {
  it('is made when it does not exist, and keeps what is put into it', () => {
    const path = join(folder(), 'made', 'here');
    const first = openDataFolder(path);
    writeFileSync(join(first.state, 'row'), 'kept');
    first.release();
    const second = openDataFolder(path);
    expect(readFileSync(join(second.state, 'row'), 'utf8')).toBe('kept');
    second.release();
    expect(readdirSync(path).sort()).toEqual(['gatehouse.json', 'state']);
  });

  it('refuses a second stack and names the process that holds it', () => {
    const path = folder();
    const first = openDataFolder(path);
    expect(() => openDataFolder(path)).toThrow(
      new DataFolderError(`${path} is in use by process ${process.pid}: stop that process, or give another folder with --data`),
    );
    first.release();
    openDataFolder(path).release();
  });

  it('refuses while another process holds it, and takes over once that one was killed', async () => {
    const path = folder();
    const holder = `import { openDataFolder } from ${JSON.stringify(new URL('./data-folder.ts', import.meta.url).href)};
      openDataFolder(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', holder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(() => openDataFolder(path)).toThrow(`in use by process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    openDataFolder(path).release();
    expect(locks(path)).toEqual([]);
  });

  it('takes over a lock with its own pid that an earlier container left, and a lock that nobody can read', () => {
    const path = folder();
    openDataFolder(path).release();
    writeFileSync(lockOf(path), JSON.stringify({ pid: process.pid, started: '1', id: 'of-another-life' }));
    openDataFolder(path).release();
    writeFileSync(lockOf(path), '');
    openDataFolder(path).release();
  });

  it.runIf(process.platform === 'linux')('takes over when the pid now belongs to a process that started later', () => {
    const path = folder();
    openDataFolder(path).release();
    writeFileSync(lockOf(path), JSON.stringify({ pid: process.ppid, started: '1', id: 'of-a-dead-process' }));
    openDataFolder(path).release();
  });

  it('empties only its own state when it starts fresh', () => {
    const path = folder();
    const first = openDataFolder(path);
    writeFileSync(join(first.state, 'row'), 'old');
    first.release();
    writeFileSync(join(path, 'notes.txt'), 'mine');
    const fresh = openDataFolder(path, { fresh: true });
    expect(readdirSync(fresh.state)).toEqual([]);
    expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine');
    fresh.release();
  });

  it('does not touch a folder that is not its own', () => {
    const path = folder();
    writeFileSync(join(path, 'thesis.txt'), 'mine');
    for (const fresh of [true, false]) {
      expect(() => openDataFolder(path, { fresh })).toThrow('is not a Gatehouse data folder and not empty (it holds thesis.txt)');
    }
    expect(readdirSync(path)).toEqual(['thesis.txt']);
  });

  it('does not read data of a format it does not know', () => {
    const path = folder();
    writeFileSync(join(path, 'gatehouse.json'), JSON.stringify({ gatehouse: 'data', format: 2 }));
    expect(() => openDataFolder(path)).toThrow('holds data of format 2, and this version reads format 1');
  });
});
