/** Generates event patterns and events that are likely to meet, and compares the product's matcher with the reference on them. */
import * as fc from 'fast-check';
import { compilePattern, flattenEvent, matches } from '../../packages/local/aws/events/pattern.ts';
import { type JsonObject, referenceMatches } from './reference-matcher.ts';

const text = fc.constantFrom('', 'a', 'ab', 'abc', 'b', 'AB', 'aXb', 'a*b', 'a\\b', '5', 'b.c');
const address = fc.constantFrom('10.0.0.1', '10.0.0.200', '10.0.1.7', '::1', '0:0:0:0:0:0:0:1', '2001:db8::7', '2001:db8:1::');
const number = fc.constantFrom(-1, 0, 1, 5, 5.5, 300, 1e6);
const scalar = fc.oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: address }, number, fc.constantFrom(true, false, null));
const name = fc.constantFrom('a', 'b', 'c', 'a.b', 'b.c');

const wildcard = fc
  .array(fc.constantFrom('*', 'a', 'b', 'X', '\\*', '\\\\'), { maxLength: 5 })
  .map((tokens) => tokens.filter((token, at) => token !== '*' || tokens[at - 1] !== '*').join(''));
const cidr = fc.oneof(
  fc.tuple(fc.constantFrom('10.0.0.0', '10.0.0.129', '10.0.1.0'), fc.integer({ min: 0, max: 31 })),
  fc.tuple(fc.constantFrom('::1', '2001:db8::', '2001:db8:1::9'), fc.integer({ min: 0, max: 127 })),
);
const filled = text.filter((each) => each !== '');
const oneOrMore = <T>(one: fc.Arbitrary<T>) => fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 3 }));
const matcher: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.record({ prefix: text }),
  fc.record({ suffix: text }),
  fc.record({ prefix: fc.record({ 'equals-ignore-case': text }) }),
  fc.record({ suffix: fc.record({ 'equals-ignore-case': text }) }),
  fc.record({ 'equals-ignore-case': text }),
  fc.record({ wildcard }),
  fc.record({ exists: fc.boolean() }),
  fc.record({ 'anything-but': fc.oneof(oneOrMore(text), oneOrMore(number)) }),
  fc.record({
    'anything-but': fc.oneof(
      fc.record({ prefix: oneOrMore(filled) }),
      fc.record({ suffix: oneOrMore(filled) }),
      fc.record({ 'equals-ignore-case': oneOrMore(text) }),
      fc.record({ wildcard: oneOrMore(wildcard) }),
    ),
  }),
  fc.record({ numeric: fc.tuple(fc.constantFrom('=', '<', '<=', '>', '>='), number) }),
  fc.record({
    numeric: fc
      .tuple(fc.constantFrom('>', '>='), number, fc.constantFrom('<', '<='), number)
      .map(([lower, bottom, upper, top]) => (bottom < top ? [lower, bottom, upper, top] : [lower, bottom, upper, bottom + 1])),
  }),
  fc.record({ cidr: cidr.map(([network, bits]) => `${network}/${bits}`) }),
);

const { pattern } = fc.letrec<{ pattern: JsonObject; fields: JsonObject }>((tie) => ({
  fields: fc.dictionary(
    name,
    fc.oneof(
      { depthSize: 'small', maxDepth: 3 },
      { weight: 3, arbitrary: fc.array(matcher, { minLength: 1, maxLength: 3 }) },
      tie('pattern'),
    ) as fc.Arbitrary<never>,
    { minKeys: 1, maxKeys: 3 },
  ),
  pattern: fc
    .tuple(tie('fields'), fc.option(fc.array(tie('fields'), { minLength: 2, maxLength: 3 }), { freq: 3, nil: undefined }))
    .map(([fields, $or]) => ($or ? { ...fields, $or } : fields)),
}));

const { event } = fc.letrec<{ event: JsonObject; value: never }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    { weight: 4, arbitrary: scalar },
    fc.array(tie('value'), { maxLength: 3 }),
    tie('event'),
  ) as fc.Arbitrary<never>,
  event: fc.dictionary(name, tie('value'), { minKeys: 1, maxKeys: 4 }),
}));

/**
 * The pattern without a field that is asked for twice, and without a field inside one that is itself asked for: what these mean is
 * in the recorded cases beside the matcher. Undefined when nothing is left.
 */
function once(asked: JsonObject, path: string, taken: Set<string>): JsonObject | undefined {
  const kept: JsonObject = {};
  for (const [field, value] of Object.entries(asked)) {
    if (field === '$or') continue;
    const full = path === '' ? field : `${path}.${field}`;
    if (Array.isArray(value)) {
      if ([...taken].some((other) => `${other}.`.startsWith(`${full}.`) || `${full}.`.startsWith(`${other}.`))) continue;
      taken.add(full);
      kept[field] = value;
    } else {
      const inner = once(value as JsonObject, full, taken);
      if (inner) kept[field] = inner;
    }
  }
  const inside = new Set<string>();
  const choices = ((asked.$or ?? []) as JsonObject[]).flatMap((choice) => {
    const own = new Set(taken);
    const left = once(choice, path, own);
    for (const each of own) inside.add(each);
    return left ? [left] : [];
  });
  if (choices.length >= 2) {
    kept.$or = choices;
    for (const each of inside) taken.add(each);
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

/** An event made to fit, most of the time: each field gets what its first matcher wants. */
function witness(asked: JsonObject): JsonObject {
  const made: JsonObject = {};
  const { $or, ...fields } = asked;
  const choice = Array.isArray($or) ? ($or.at(-1) as JsonObject) : {};
  for (const [field, value] of [...Object.entries(fields), ...Object.entries(choice)]) {
    if (field === '$or') continue;
    if (!Array.isArray(value)) {
      const before = made[field];
      made[field] = { ...(typeof before === 'object' && !Array.isArray(before) && before), ...witness(value as JsonObject) };
      continue;
    }
    const fitting = fittingValue(value[0]);
    if (fitting !== undefined) made[field] = fitting;
  }
  return made;
}
function fittingValue(asked: unknown): string | number | boolean | null | undefined {
  if (typeof asked !== 'object' || asked === null) return asked as string | number | boolean | null;
  const [[operator, operand] = ['', null]] = Object.entries(asked);
  const inner =
    typeof operand === 'object' && operand !== null && !Array.isArray(operand) ? String(Object.values(operand)[0]) : String(operand);
  if (operator === 'exists') return operand ? 'q' : undefined;
  if (operator === 'prefix') return `${inner}Q`;
  if (operator === 'suffix') return `Q${inner}`;
  if (operator === 'equals-ignore-case') return inner.toUpperCase();
  if (operator === 'wildcard') return inner.replace(/\\?./gs, (token) => (token === '*' ? 'a*' : token.slice(-1)));
  if (operator === 'numeric') return Number((operand as unknown[]).at(-1));
  if (operator === 'cidr') return inner.split('/')[0];
  return 'Q';
}

/** How the witness and the random event become one. */
const mixes: readonly ((fit: JsonObject, other: JsonObject) => JsonObject)[] = [
  (_, other) => other,
  (fit) => fit,
  (fit, other) => ({ ...other, ...fit }),
  (fit, other) => Object.fromEntries(Object.entries(fit).map(([field, value]) => [field, [other, value]])),
  (fit, other) => Object.fromEntries(Object.entries(fit).map(([field, value]) => [field, [value, other[field] ?? 5]])),
];

export interface Compared {
  cases: number;
  matched: number;
}

/** Throws with the smallest pattern and event on which the two differ. */
export function comparePatterns(cases: number, seed: number, progress: (done: number) => void = () => {}): Compared {
  const compared: Compared = { cases: 0, matched: 0 };
  void fc.assert(
    fc.property(pattern, event, fc.nat(mixes.length - 1), (generated, other, mix) => {
      const asked = once(generated, '', new Set()) ?? { a: ['a'] };
      const happened = mixes[mix]?.(witness(asked), other) ?? other;
      const ours = matches(compilePattern(asked), flattenEvent(happened));
      compared.cases++;
      if (ours) compared.matched++;
      progress(compared.cases);
      if (ours !== referenceMatches(asked, happened))
        throw new Error(`${JSON.stringify(asked)} on ${JSON.stringify(happened)}: ours says ${ours}`);
    }),
    { numRuns: cases, seed },
  );
  return compared;
}
