/** One `sst diff` at a time in this folder: SST shares `.sst/artifacts` between its runs. A lock whose holder is gone does not hold. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { workFolder } from './environment.ts';

const file = path.join(workFolder, 'diff.lock');

export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  mkdirSync(workFolder, { recursive: true });
  while (!taken()) await setTimeout(200);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function taken(): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!holderLives()) rmSync(file, { force: true });
    return false;
  }
}

function holderLives(): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Zero is the moment between the holder's creating the file and its writing into it.
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
}
