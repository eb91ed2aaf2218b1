import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { guard } from './guard.detectors.ts';
import { promptText } from './prompt-text.ts';

const token = `ghp_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}`;
const own = 'alice@acme.example';
const prompt = (content: unknown) => ({ model: 'claude-opus-4-8', messages: [{ role: 'user', content }] });

describe('a prompt that holds a secret', () => {
  it.each([
    ['in plain text', prompt(`use ${token} please`)],
    ['in a block', prompt([{ type: 'text', text: `use "${token}"` }])],
    ['in what a tool read', prompt([{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: `token: ${token}\n` }] }])],
    ['in what a tool was called with', prompt([{ type: 'tool_use', id: 't', name: 'Bash', input: { command: `curl -H ${token}` } }])],
    ['in a document', prompt([{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: token } }])],
    ['in the system prompt', { ...prompt('hello'), system: [{ type: 'text', text: token }] }],
    ['in the description of a tool', { ...prompt('hello'), tools: [{ name: 'x', description: `calls with ${token}` }] }],
  ])('is found %s, by kind and number and no more', async (_, body) => {
    const found = await guard({ secrets: 'block' }, body, own);
    expect(found).toEqual([{ guardrail: 'secrets', action: 'block', kinds: new Map([['github', 1]]) }]);
  });

  it('passes where the policy does not keep it inside', async () => {
    expect(await guard({}, prompt(token), own)).toEqual([]);
    expect(await guard({ secrets: 'off', financial: 'block' }, prompt(token), own)).toEqual([]);
  });
});

const financial = async (text: string) => Object.fromEntries((await guard({ financial: 'block' }, prompt(text), own))[0]?.kinds ?? []);
const personal = async (text: string) => Object.fromEntries((await guard({ pii: 'block' }, prompt(text), own))[0]?.kinds ?? []);

describe('financial data', () => {
  it.each([
    ['Charge 4111111111111111, please.', { 'card-number': 1 }],
    ['4111 1111 1111 1111', { 'card-number': 1 }],
    ['number: "5555-5555-5555-4444"', { 'card-number': 1 }],
    ['const pan = 4111_1111_1111_1111;', { 'card-number': 1 }],
    ['Amex 3782 822463 10005 and 378282246310005', { 'card-number': 2 }],
    ['row 12 4111 1111 1111 1111 12 27', { 'card-number': 1 }],
    ['卡号4111111111111111有效', { 'card-number': 1 }],
    ['IBAN DE89 3704 0044 0532 0130 00 WAS PAID', { iban: 1 }],
    ['"gb29nwbk60161331926819"', { iban: 1 }],
    ['NO93 8601 1117 947 and CH93-0076-2011-6238-5295-7', { iban: 2 }],
  ])('%s is found', async (text, kinds) => expect(await financial(text)).toEqual(kinds));

  it.each([
    ['another check digit', '4111 1111 1111 1112'],
    ['a fraction', '0.4111111111111111 and .4111111111111111'],
    ['a part of a word', 'a4111111111111111 4111111111111111b x_4111111111111111'],
    ['a part of a longer number', '14111111111111111111 4111-1111-1111-1111-1111'],
    ['digits parted in different ways', '4111 1111-1111 1111'],
    ['times', '1732233600000 1732233600000000 1732233600000000000 2025-11-22T06:25:49.123456Z'],
    ['a UUID', '41111111-1111-4111-8111-111111111111'],
    ['a hash', '4532015112830366cafe4532015112830366'],
    ['an article number', '4006381333931'],
    ['another country', 'ZZ89 3704 0044 0532 0130 00'],
  ])('%s is none', async (_, text) => expect(await financial(text)).toEqual({}));

  it('is found where a tool was called with a number', async () => {
    const body = prompt([{ type: 'tool_use', id: 't', name: 'charge', input: { pan: 4111111111111111 } }]);
    expect(await guard({ financial: 'block' }, body, own)).toHaveLength(1);
  });
});

describe('personal data', () => {
  it.each([
    ['Call +41 44 668 18 00 now', { 'phone-number': 1 }],
    ['+1 (415) 555-2671', { 'phone-number': 1 }],
    ['(415) 555-2671 or 415-555-2671', { 'phone-number': 2 }],
    ['SSN: 123-45-6789', { 'national-id': 1 }],
    ['11010519491231002X', { 'national-id': 1 }],
    ['DNI 12345678Z', { 'national-id': 1 }],
    ['hetu 131052-308T', { 'national-id': 1 }],
    ['RSSMRA85T10A562S', { 'national-id': 1 }],
    ['36 574 261 809', { 'national-id': 1 }],
    ['85.07.30-033.28', { 'national-id': 1 }],
    ['111.444.777-35', { 'national-id': 1 }],
    ['AB 12 34 56 C', { 'national-id': 1 }],
    ['Write to jane.doe@mail.test-bank.com.', { 'e-mail': 1 }],
    ['<Jane@Gmail.com>', { 'e-mail': 1 }],
  ])('%s is seen as what it is', async (text, kinds) => expect(await personal(text)).toEqual(kinds));

  it.each([
    ['their own address and their colleagues', 'alice@acme.example, Bob@acme.example, ci@build.acme.example'],
    ['who signs for machines', 'noreply@anthropic.com 1+x@users.noreply.github.com git@github.com:a/b.git'],
    ['what documentation calls people', 'jane@example.com someone@host.test'],
    ['a file, a unit and a package', 'icon@2x.png getty@tty1.service left-pad@1.3.0 @types/node@24.10.1'],
    ['where a machine is', 'postgres://app:pass@db.acme-prod.net/x deploy@web.acme-prod.net:/srv'],
    ['an annotation', "answer['@odata.nextLink'] @app.route('/x')"],
    ['numbers that are never given', '000-12-3456 666-12-3456 912-34-5678 123-00-4567'],
    ['a day and an hour', '2025-11-22 06:25:49 20251122T062549Z +0530 +02:00'],
    ['a number of a line in a diff', '+1700000000,\n+  12345678901,\n-415'],
    ['addresses of networks and versions', '192.168.100.200 10.0.0.1:8787 1.2.3-rc.4 2001:db8::1'],
  ])('%s is none', async (_, text) => expect(await personal(text)).toEqual({}));
});

describe('a policy that masks', () => {
  it('is told apart, since nothing here masks', async () => {
    expect(await guard({ financial: 'mask' }, prompt('4111111111111111'), own)).toMatchObject([{ guardrail: 'financial', action: 'mask' }]);
  });
});

describe('a prompt without any of it', () => {
  it('is clean', async () => {
    expect(await guard({ secrets: 'block', pii: 'block', financial: 'block' }, prompt('What is a token made of?'), own)).toEqual([]);
  });

  it.each([['package-lock.json'], ['package.json'], ['packages/local/idp/aws-directories.ts'], ['README.md']])('%s is', async (file) => {
    const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
    expect([await financial(text), await personal(text)]).toEqual([{}, {}]);
  });

  it.each([
    ['digits', '4'],
    ['groups of digits', '4111 '],
    ['signs that begin a phone number', '+1 415 '],
    ['signs of addresses', 'a@b.'],
    ['beginnings of IBANs', 'DE89 3704 '],
  ])('of four megabytes of %s is read through: whatever goes back and forth in it would take hours', async (_, part) => {
    const text = part.repeat(Math.ceil((4 * 1024 * 1024) / part.length));
    expect(await Promise.all([financial(text), personal(text)])).toEqual([{}, {}]);
  });
});

describe('the text of a prompt', () => {
  it('leaves out what is encoded, and nothing beside it', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
    const url = { type: 'image_url', image_url: { url: 'data:image/png;base64,BBBB' } };
    const thought = { type: 'thinking', thinking: 'hm', signature: 'CCCC' };
    const text = promptText(prompt([image, url, thought, { type: 'redacted_thinking', data: 'DDDD' }, { type: 'text', text: 'look' }]));
    for (const encoded of ['AAAA', 'BBBB', 'CCCC', 'DDDD']) expect(text).not.toContain(encoded);
    for (const said of ['hm', 'look']) expect(text).toContain(said);
  });
});
