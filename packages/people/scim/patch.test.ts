import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { matches, parseFilter } from './filter.ts';
import { applyOperations, patchSchema, readOperations } from './patch.ts';
import { type Model, modelOf } from './schema.ts';
import { checkBody, type Json, shapeResource } from './shape.ts';

let model: Model;
let ann: Json;
beforeAll(async () => {
  model = await modelOf('Users');
  ann = shapeResource(
    {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'ann@example.com',
      name: { givenName: 'Ann' },
      emails: [
        { value: 'ann@example.com', type: 'work', primary: true },
        { value: 'ann@home.example', type: 'home' },
      ],
      active: true,
    },
    model.vocabulary,
  );
});

function patched(...Operations: unknown[]): Json {
  const read = readOperations({ schemas: [patchSchema], Operations }, model.vocabulary);
  const applied = read.ok ? applyOperations(ann, read.value, model.vocabulary) : read;
  if (!applied.ok) throw new Error(applied.refusal.detail);
  return applied.value;
}

describe('a PATCH', () => {
  it('leaves the resource that it was given as it is', () => {
    const before = structuredClone(ann);
    patched({ op: 'replace', path: 'name.givenName', value: 'Anna' }, { op: 'remove', path: 'emails[type eq "home"]' });
    expect(ann).toEqual(before);
  });

  it('has one primary address at the end: the latest that says so', () => {
    const { emails } = patched({ op: 'add', path: 'emails', value: [{ value: 'new@example.com', type: 'other', primary: true }] });
    expect(emails).toMatchObject([{ type: 'work', primary: false }, { type: 'home' }, { type: 'other', primary: true }]);
  });

  it('adds once what is there already', () => {
    expect(patched({ op: 'add', path: 'emails', value: { value: 'ann@home.example', type: 'home' } }).emails).toHaveLength(2);
  });

  it('takes null for nothing', () => {
    expect(patched({ op: 'replace', path: 'name', value: null })).not.toHaveProperty('name');
  });
});

/** What might be in a body: attribute names, operators and JavaScript's own names more often than chance would have it. */
const word = fc.oneof(
  fc.constantFrom(
    'op',
    'path',
    'value',
    'add',
    'remove',
    'replace',
    'Operations',
    'schemas',
    'emails',
    'name',
    'active',
    'userName',
    'members',
  ),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__proto__.admin', 'constructor.prototype.admin'),
  fc.constantFrom(
    'emails[type eq "work"].value',
    'emails[',
    'emails]',
    'name.',
    '.name',
    'urn:ietf:params:scim:schemas:core:2.0:User:name',
    '',
  ),
  fc.string({ maxLength: 12 }),
);
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, word, fc.boolean(), fc.integer(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(word, tie('value'), { maxKeys: 4, noNullPrototype: false }),
})).value;
const operation = fc.record(
  { op: fc.oneof(fc.constantFrom('add', 'Remove', 'REPLACE'), anything), path: fc.oneof(word, anything), value: anything },
  { requiredKeys: ['op'] },
);

describe('whatever is sent', () => {
  it('is patched or refused, never thrown at, and nothing reaches JavaScript’s own objects', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 4 }), (operations) => {
        // As it arrives: parsed from text, where __proto__ is a member like others.
        const body = checkBody(JSON.parse(JSON.stringify({ schemas: [patchSchema], Operations: operations })));
        const read = body.ok ? readOperations(body.value, model.vocabulary) : body;
        const applied = read.ok ? applyOperations(ann, read.value, model.vocabulary) : read;
        const checked = applied.ok ? model.check(applied.value) : applied;
        if (!checked.ok) expect(checked.refusal.status).toBeLessThan(500);
        expect(({} as Json).admin).toBeUndefined();
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('as a filter is read or refused, never thrown at', () => {
    const piece = fc.constantFrom(
      'userName',
      'eq',
      'and',
      'or',
      'not',
      '(',
      ')',
      '[',
      ']',
      '"a"',
      '"a\\"b"',
      '"',
      'pr',
      'true',
      'emails',
      'emails.value',
      '1',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const parsed = parseFilter(pieces.join(' '));
        if (parsed.ok) expect(typeof matches(parsed.value, ann, model.vocabulary)).toBe('boolean');
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a filter', () => {
  it.each([
    ['userName eq "ANN@example.com"', true],
    ['USERNAME sw "ann"', true],
    ['userName eq "bo@example.com"', false],
    ['emails[type eq "work" and value co "example.com"]', true],
    ['emails[type eq "home" and primary eq true]', false],
    ['emails.value ew "home.example"', true],
    ['not (active eq true)', false],
    ['name.givenName eq "Ann" and (title pr or emails pr)', true],
    ['title eq null', true],
    ['active ne true', false],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName co "ann"', true],
  ])('%s: %s', (text, is) => {
    const parsed = parseFilter(text);
    expect(parsed.ok && matches(parsed.value, ann, model.vocabulary)).toBe(is);
  });
});
