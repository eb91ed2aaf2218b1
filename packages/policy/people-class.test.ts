import { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classesOf } from './people-class.ts';
import { summarize } from './people-summary.ts';

const ids = ['per_01h00000000000000000000000', 'per_01h00000000000000000000001', 'per_01h00000000000000000000002'];
const group = fc.constantFrom('a', 'b', 'c', 'unnamed');
const domain = fc.constantFrom('example.com', 'example.org', 'other.example');
const match = fc.oneof(
  fc.record({ groups: fc.uniqueArray(group, { minLength: 1 }) }),
  fc.record({ email_domains: fc.uniqueArray(domain, { minLength: 1, maxLength: 2 }) }),
  fc.record({ persons: fc.uniqueArray(fc.constantFrom(...ids.slice(0, 2)), { minLength: 1 }) }),
  fc.record({ groups: fc.uniqueArray(group, { minLength: 1 }), email_domains: fc.uniqueArray(domain, { minLength: 1 }) }),
);
const document = fc
  .record({ mode: fc.constantFrom('first_match', 'layered'), matches: fc.array(match, { maxLength: 6 }) })
  .map(({ mode, matches }) => PolicyDocument.parse({ mode, policies: matches.map((one, index) => ({ name: `p${index}`, match: one })) }));
const person = fc.record({
  id: fc.constantFrom(...ids),
  email: fc.tuple(fc.constantFrom('x', 'y'), domain).map(([name, at]) => `${name}@${at}`),
  groups: fc.uniqueArray(group),
});

describe('classes of people', () => {
  it('hold everybody once, and each class is told the same as each of its members', () => {
    fc.assert(
      fc.property(fc.array(person, { maxLength: 20 }), document, document, (people, one, other) => {
        const classes = classesOf(people, [one, other]);
        expect(classes.flatMap((each) => each.people).length).toBe(people.length);
        for (const { subject, people: members } of classes)
          for (const { id, email, groups } of members)
            for (const each of [one, other]) expect(resolve(each, subject)).toEqual(resolve(each, { person: id, email, groups }));
      }),
    );
  });
});

describe('the summary', () => {
  const before = PolicyDocument.parse({ policies: [{ name: 'a', match: { groups: ['a'] }, models: { allow: ['haiku'] } }] });
  const after = PolicyDocument.parse({ policies: [{ name: 'b', match: { groups: ['b'] } }] });

  it('counts who is refused and who is admitted, and leaves out those for whom nothing differs', () => {
    const people = [['a'], ['a', 'x'], ['b'], ['x'], []].map((groups, index) => ({ id: `per_${index}`, email: '', groups }));
    const { classes, ...counts } = summarize(people, before, after);
    expect(counts).toEqual({ people: 5, gain: 1, lose: 2, change: 0, refused: 2, admitted: 1 });
    expect(classes).toMatchObject([
      { groups: ['a'], people: 2, who: ['per_0', 'per_1'], before: { admitted: true }, after: { admitted: false } },
      { groups: ['b'], people: 1, who: ['per_2'] },
    ]);
  });
});
