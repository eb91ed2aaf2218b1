import { describe, expect, it } from 'vitest';
import { readDocument, readVariables } from './document-file.ts';
import { originOf } from './gateway.http.ts';

describe('a document', () => {
  it('is YAML or JSON', () => {
    const policies = [{ name: 'one', match: { everyone: true } }];
    expect(readDocument('policies:\n  - name: one\n    match: {everyone: true}\n', 'p.yaml')).toEqual({ ok: true, value: { policies } });
    expect(readDocument(JSON.stringify({ policies }), 'p.json')).toEqual({ ok: true, value: { policies } });
  });

  it.each([
    ['policies: [', /p.yaml is neither YAML nor JSON/],
    ['a: 1\na: 2', /unique/],
    ['- 1', /holds no document/],
    ['', /holds no document/],
    [
      `a: &a [x, x]\n${'bcdefghi'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`)
        .join('\n')}`,
      /p.yaml cannot be read/,
    ],
  ])('that reads %j is refused in a sentence', (text, sentence) => {
    expect(readDocument(text, 'p.yaml')).toMatchObject({ ok: false, refusal: expect.stringMatching(sentence) });
  });
});

describe('variables', () => {
  it('are lines of names and values', () => {
    expect(readVariables('# deploy\nexport DENY_TOOL_GROUP="contractors"\nDENY_TOOLS=WebFetch,Bash\n')).toEqual({
      DENY_TOOL_GROUP: 'contractors',
      DENY_TOOLS: 'WebFetch,Bash',
    });
    expect(readVariables('managed:\n  policies: []')).toBeUndefined();
    expect(readVariables('')).toBeUndefined();
  });
});

describe("the gateway's address", () => {
  it('is TLS, or this machine', () => {
    expect(['https://gatehouse.example.com/', 'http://127.0.0.1:8787', 'http://localhost:1'].map((text) => originOf(text).ok)).toEqual([
      true,
      true,
      true,
    ]);
    expect(
      ['http://gatehouse.example.com', 'gatehouse', 'ftp://x.example', 'http://127.0.0.1.example.com'].map((text) => originOf(text).ok),
    ).toEqual([false, false, false, false]);
  });
});
