import { appendFileSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from './journal.ts';

const fresh = () => join(mkdtempSync(join(tmpdir(), 'gatehouse-journal-')), 'journal.jsonl');

describe('the journal of promises', () => {
  it('hands out what was promised and not done, once, in order', () => {
    const path = fresh();
    const first = openJournal<number>(path);
    for (const n of [1, 2, 3]) first.promise(`p${n}`, n);
    first.done('p2');
    expect(first.left()).toEqual([]);
    const second = openJournal<number>(path);
    expect([second.left(), second.left()]).toEqual([
      [
        ['p1', 1],
        ['p3', 3],
      ],
      [],
    ]);
    second.done('p1');
    expect(openJournal<number>(path).left()).toEqual([['p3', 3]]);
  });

  it('loses nothing but the line that a killed process was writing', () => {
    const path = fresh();
    openJournal<number>(path).promise('whole', 1);
    appendFileSync(path, '\n{"id":"torn","val');
    const next = openJournal<number>(path);
    next.promise('later', 2);
    expect(openJournal<number>(path).left()).toEqual([
      ['whole', 1],
      ['later', 2],
    ]);
  });

  it('does not grow with what is done', () => {
    const path = fresh();
    const journal = openJournal<string>(path);
    journal.promise('kept', 'x'.repeat(100));
    for (let n = 0; n < 20_000; n++) {
      journal.promise(`p${n}`, 'x'.repeat(100));
      journal.done(`p${n}`);
    }
    expect(statSync(path).size).toBeLessThan(600_000);
    journal.close();
    journal.done('kept');
    expect(openJournal<string>(path).left()).toHaveLength(1);
  });
});
