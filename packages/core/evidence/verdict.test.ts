import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { jwk, packet, signed } from './packet.fixture.ts';
import { evidencePage } from './page.ts';
import { type BareRoot, type Root, rootOver } from './root.ts';
import { thumbprint } from './signature.ts';
import { verifyFile, viewFile } from './verdict.file.ts';
import { judge } from './verdict.ts';

const key = 'arn:aws:kms:eu-central-1:123456789012:key/1';
const whole = packet();
const leaf = { case: whole.case.id, head: whole.closing?.hash ?? '' };
const others = [
  { case: 'cas_00000000000000000000000000', head: '1'.repeat(64) },
  { case: 'cas_02h00000000000000000000000', head: '2'.repeat(64) },
];

const sealed = (bare: BareRoot): Root => ({ ...bare, ...signed(bare.hash) });
const first = sealed(rootOver(undefined, others, '2026-11-29T09:05:00.000Z', key));
const second = sealed(rootOver(first, [leaf], '2026-11-29T10:05:00.000Z', key));
const third = sealed(rootOver(second, [], '2026-11-29T11:05:00.000Z', key));

const file = (name: string, json: unknown) => ({ name, text: JSON.stringify(json) });
const says = (json: unknown, roots: readonly Root[] = [], kid?: string) => {
  const judged = judge(file('f.json', json), { roots: roots.map((root) => file(`root-${root.number}.json`, root)), kid });
  return judged.ok ? judged.value.lines.join(' ') : judged.refusal;
};

describe('a packet against roots', () => {
  it('is in the one that holds it, alone or among those around it', () => {
    expect(says(whole, [second])).toMatch(/verifies: case.*Root 2, made 2026-11-29T10:05:00.000Z, holds it/);
    expect(says(whole, [third, first, second], thumbprint(jwk))).toMatch(/Root 2/);
  });

  it('is told to be in none of them', () => {
    expect(says(whole, [first])).toMatch(/Root 1 holds no packet of the case cas_01h/);
  });

  it('is told to be made anew when the root holds another of its case', () => {
    const forged = sealed(rootOver(first, [{ ...leaf, head: '3'.repeat(64) }], second.at, key));
    expect(says(whole, [forged])).toMatch(/Root 2 holds another packet of the case/);
  });
});

describe('roots', () => {
  it('verify alone and in a row, in whichever order they are named', () => {
    expect(says(first)).toMatch(/verifies: root 1, made 2026-11-29T09:05:00.000Z, over 2 packets/);
    expect(says(third, [first, second])).toMatch(/roots 1 to 3, none left out, over 3 packets/);
  });

  it.each<[string, readonly Root[], RegExp]>([
    ['left out', [first, third], /root 2 is missing/],
    ['there twice', [first, second, second], /root 2 comes after root 2/],
    ['made anew', [first, sealed(rootOver(first, [], second.at, key)), third], /root 3 does not follow from root 2/],
    ['with a packet dropped', [{ ...first, packets: first.packets.slice(1) }], /root 1 was altered/],
    ['with packets in another order', [{ ...first, packets: first.packets.toReversed() }], /root 1 was altered/],
    ['of another number', [{ ...second, number: 3 }], /root 3 was altered/],
    ['signed by nobody', [{ ...second, signature: first.signature }], /signature does not fit/],
  ])('one %s is named', (_, [one, ...more], message) => {
    expect(says(one, more)).toMatch(message);
  });

  it('do not pass signed by another key than the reader expects', () => {
    expect(says(first, [], 'another')).toMatch(/not by another/);
  });
});

describe('a page for auditors', () => {
  it('shows what was done to every credential, and that the packet is whole', () => {
    const page = evidencePage(whole);
    for (const text of ['This packet is whole', 'sha256:0123', 'virtual-key', 'HR-1', 'What was cut']) expect(page).toContain(text);
    expect(page).not.toMatch(/<script|https?:\/\/|<link|<img/);
  });

  it('escapes what people wrote, and says what is wrong', () => {
    const reason = `<script>alert('x')</script>"&`;
    const page = evidencePage({ ...whole, case: { ...whole.case, reason } });
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;');
    expect(page).toMatch(/class="not">The chain is broken: link 1 \(cut\) does not follow from the opening/);
  });
});

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-evidence-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, text: string | Buffer) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const text = JSON.stringify(whole);
  const good = put('good.json', text);
  const verify = (name: string, roots: string[] = []) => verifyFile({ file: name, roots, kid: undefined, json: false });

  it.each<[string, string, RegExp]>([
    ['cut short', put('short.json', text.slice(0, -20)), /is not JSON: it was cut short/],
    ['that is empty', put('empty.json', ''), /is not JSON/],
    ['of other bytes', put('bytes.json', Buffer.from([0xff, 0xfe, 0x00, 0x7b])), /is not JSON/],
    ['of another kind', put('other.json', '[1]'), /This is no packet/],
    ['that is null', put('null.json', 'null'), /This is no packet/],
    ['with a member twice', put('twice.json', text.replace('"status":"done"', '"status":"cancelled","status":"done"')), /a member twice/],
    [
      'nested without end',
      put('deep.json', text.replace('"truth":{', `"truth":{"x":${'['.repeat(5e4)}${']'.repeat(5e4)},`)),
      /nested deeper/,
    ],
    ['that is not there', join(folder, 'none.json'), /there is no such file/],
    ['that is a directory', folder, /it is a directory/],
  ])('%s is told so in one sentence', (_, name, message) => {
    const { code, text: told } = verify(name);
    expect([code, told.split('\n')]).toEqual([1, [expect.stringMatching(message)]]);
  });

  it('named as a root that is a packet, or that is not there, is told so', () => {
    expect(verify(good, [good])).toMatchObject({ code: 1, text: expect.stringMatching(/This is no root/) });
    expect(verify(good, [join(folder, 'none.json')])).toMatchObject({ code: 1, text: expect.stringMatching(/no such file/) });
  });

  it('has a page when it verifies', () => {
    expect(viewFile(good, undefined)).toMatchObject({ code: 0, text: expect.stringMatching(/^<!doctype html>/) });
    expect(viewFile(join(folder, 'other.json'), undefined).code).toBe(1);
  });

  it('is verified by the command, for people and for programs', () => {
    const main = fileURLToPath(new URL('../../lifecycle/evidence.main.ts', import.meta.url));
    const root = put('root.json', JSON.stringify(second));
    const told = JSON.parse(execFileSync(process.execPath, [main, 'verify', good, '--root', root, '--json'], { encoding: 'utf8' }));
    expect(told).toMatchObject({ verified: true, case: whole.case.id, root: { number: 2 } });
    mkdirSync(join(folder, 'd'), { recursive: true });
    const failed = spawnSync(process.execPath, [main, 'verify', join(folder, 'd')], { encoding: 'utf8' });
    expect([failed.status, failed.stdout, failed.stderr]).toEqual([1, '', expect.stringMatching(/it is a directory\.\n$/)]);
    expect(spawnSync(process.execPath, [main, 'verify', good, '--loud'], { encoding: 'utf8' }).status).toBe(2);
  });
});
