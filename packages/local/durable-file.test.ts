import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDocument, writeDocument } from './durable-file.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'gatehouse-document-'));

describe('a durable document', () => {
  it('is undefined while there is no file', () => {
    expect(readDocument(join(folder(), 'none.json'))).toBeUndefined();
  });
  it('comes back as it was written, in a folder made for it, for its owner only', () => {
    const path = join(folder(), 'deep', 'document.json');
    writeDocument(path, { keys: ['é', 1] });
    writeDocument(path, { keys: ['é', 2] });
    expect(readDocument(path)).toEqual({ keys: ['é', 2] });
    expect(statSync(path).mode & 0o077).toBe(0);
  });
  it('ignores a replacement that was never finished', () => {
    const path = join(folder(), 'document.json');
    writeDocument(path, 'whole');
    writeFileSync(`${path}.next`, '"ha');
    expect(readDocument(path)).toBe('whole');
    writeDocument(path, 'whole again');
    expect(readDocument(path)).toBe('whole again');
  });
  it('says which file is broken', () => {
    const path = join(folder(), 'document.json');
    writeFileSync(path, '{"ha');
    expect(() => readDocument(path)).toThrow(`${path} is not JSON`);
  });
});
