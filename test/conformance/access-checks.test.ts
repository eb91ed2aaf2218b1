/** The table of access: every check of the standards that it stands on is run against a running stack, shown by another test, or says why not. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceChecks } from './access-checks-device.fixture.ts';
import { endingChecks } from './access-checks-ending.fixture.ts';
import { exchangeChecks } from './access-checks-exchange.fixture.ts';
import { refreshChecks } from './access-checks-refresh.fixture.ts';
import { tokenChecks } from './access-checks-token.fixture.ts';
import { type Check, type Ground, startGround } from './access-ground.fixture.ts';
import { everythingWritten } from './access-written.fixture.ts';

const checks: Readonly<Record<string, Check>> = { ...exchangeChecks, ...tokenChecks, ...refreshChecks, ...deviceChecks, ...endingChecks };
const numbered = (letter: string, last: number) => Array.from({ length: last }, (_, at) => `${letter}${String(at + 1).padStart(2, '0')}`);
const ids = [
  ...numbered('X', 19),
  ...numbered('J', 14),
  ...numbered('R', 12),
  ...numbered('D', 7),
  ...numbered('V', 10),
  ...numbered('P', 2),
];

let ground: Ground;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground?.close());

describe('the table', () => {
  it('has every check, and each is shown or says why not', () => {
    expect(Object.keys(checks).sort()).toEqual([...ids].sort());
    for (const [id, { cases = [], elsewhere = [], whyNot }] of Object.entries(checks))
      expect(cases.length + elsewhere.length > 0 || (whyNot ?? '').length > 20, id).toBe(true);
  });

  it('names tests that are there', async () => {
    const root = new URL('../../', import.meta.url);
    for (const [id, { elsewhere = [] }] of Object.entries(checks)) {
      for (const [file, title] of elsewhere) {
        const text = await readFile(new URL(file, root), 'utf8');
        expect(text.includes(`'${title}'`), `${id}: ${file} has no test called "${title}"`).toBe(true);
      }
    }
  });
});

describe.each(ids.filter((id) => checks[id]?.cases?.length))('%s', (id) => {
  it.each(checks[id]?.cases ?? [])(`${checks[id]?.says}: %s`, async (_, show) => {
    await show(ground);
  });
});

describe('afterwards', () => {
  it('no secret of this run is in any log, history or output', async () => {
    const texts = await everythingWritten(ground.stack);
    expect(texts.get('/aws/lambda/gatehouse-local-access-token')).toContain('token issued');
    expect(ground.secrets.size).toBeGreaterThan(100);
    for (const [where, text] of texts) {
      for (const secret of ground.secrets) {
        if (secret.length < 16) continue;
        expect(text.includes(secret), `${secret.slice(0, 12)}... in ${where}`).toBe(false);
        const proof = secret.split('.')[2];
        if (proof && proof.length > 40) expect(text.includes(proof), `a signature or secret in ${where}`).toBe(false);
      }
    }
  });
});
