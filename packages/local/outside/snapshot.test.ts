import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSnapshot } from './snapshot.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a snapshot on disk', () => {
  it('holds, once a save is over, at least what was true when the save was asked for', async () => {
    let value = 0;
    const snapshot = createSnapshot(folder, 'state.json', () => value);
    const onDisk = () => Number(readFileSync(join(folder, 'state.json'), 'utf8'));
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        value += 1;
        const asked = value;
        await snapshot.save();
        expect(onDisk()).toBeGreaterThanOrEqual(asked);
      }),
    );
    expect(onDisk()).toBe(50);
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('loads what an earlier run saved, nothing at the first start, and names the file that is broken', async () => {
    expect(createSnapshot(folder, 'state.json', () => 1).load()).toBeUndefined();
    await createSnapshot(folder, 'state.json', () => ({ kept: true })).save();
    expect(createSnapshot(folder, 'state.json', () => 1).load()).toEqual({ kept: true });
    writeFileSync(join(folder, 'state.json'), '{"kept":');
    expect(() => createSnapshot(folder, 'state.json', () => 1).load()).toThrow(/state\.json.*--fresh/);
  });

  it('goes on saving after one save has failed', async () => {
    let state: () => unknown = () => {
      throw new Error('not now');
    };
    const snapshot = createSnapshot(folder, 'state.json', () => state());
    await expect(snapshot.save()).rejects.toThrow('not now');
    state = () => 2;
    await snapshot.save();
    expect(readFileSync(join(folder, 'state.json'), 'utf8')).toBe('2');
  });

  it('keeps nothing without a folder', async () => {
    const snapshot = createSnapshot(undefined, 'state.json', () => 1);
    await snapshot.save();
    expect(snapshot.load()).toBeUndefined();
  });
});
