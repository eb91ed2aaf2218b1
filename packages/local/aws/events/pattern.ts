/**
 * Event patterns: compiled once, matched against whole events, with the semantics of EventBridge's open-source matcher (aws/event-ruler).
 * Names are flattened with dots on both sides, so `{"a.b": ..}` and `{"a": {"b": ..}}` are the same field.
 */
import { compileMatcher, isObject, type Leaf, type Matcher, PatternError } from './matcher.ts';

/** A disjunction of conjunctions: `$or` multiplies the alternatives out. */
export type CompiledPattern = readonly ReadonlyMap<string, readonly Matcher[]>[];

/** Field names that may not appear inside `$or` (event-ruler, Constants). */
const reserved = new Set([
  'exactly',
  'equals-ignore-case',
  'prefix',
  'suffix',
  'anything-but',
  'exists',
  'wildcard',
  'numeric',
  'cidr',
  '=',
  '<',
  '<=',
  '>',
  '>=',
  'regex',
  'not-wildcard',
  'not-equals-ignore-case',
  'date-after',
  'date-on-or-after',
  'date-before',
  'date-on-or-before',
  'in-date-range',
  'ip-address-in-range',
  'ip-address-not-in-range',
]);

/** `pattern` is parsed JSON. Throws PatternError with the reason. */
export function compilePattern(pattern: unknown): CompiledPattern {
  if (!isObject(pattern)) throw new PatternError('Filter is not an object');
  try {
    return addObject([], { path: '', or: 'outside' }, pattern);
  } catch (error) {
    try {
      // EventBridge reads a pattern whose `$or` is not well formed once more, with `$or` as an ordinary field name.
      return addObject([], { path: '', or: 'ordinary' }, pattern);
    } catch {
      throw error;
    }
  }
}

type Alternatives = Map<string, Matcher[]>[];
interface Place {
  path: string;
  /** Whether `$or` means a choice here, and whether one is around us. */
  or: 'outside' | 'inside' | 'ordinary';
}

function addObject(before: Alternatives, { path, or }: Place, object: Record<string, unknown>): Alternatives {
  const fields = Object.entries(object);
  if (fields.length === 0) throw new PatternError('Empty objects are not allowed');
  return fields.reduce((alternatives, [name, value]) => {
    if (name === '$or' && or !== 'ordinary') {
      const base = started(alternatives);
      return choices(value).flatMap((choice) => addObject(copy(base), { path, or: 'inside' }, choice));
    }
    if (or === 'inside' && reserved.has(name)) throw new PatternError(`${name} is a reserved field name which cannot be used inside $or.`);
    const fullName = path === '' ? name : `${path}.${name}`;
    if (isObject(value)) return addObject(alternatives, { path: fullName, or }, value);
    if (!Array.isArray(value)) throw new PatternError(`"${name}" must be an object or an array`);
    if (value.length === 0) throw new PatternError('Empty arrays are not allowed');
    const matchers = value.map(compileMatcher);
    const next = started(alternatives);
    // A field named again, inside `$or`, takes the place of the outer one.
    for (const alternative of next) alternative.set(fullName, matchers);
    return next;
  }, before);
}

function choices(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new PatternError('It must be an Array followed with $or.');
  if (!value.every(isObject)) throw new PatternError('Only JSON object is allowed in array of $or relationship.');
  if (value.length < 2) throw new PatternError('There must have at least 2 Objects in $or relationship.');
  return value;
}
function started(alternatives: Alternatives): Alternatives {
  return alternatives.length > 0 ? alternatives : [new Map()];
}
function copy(alternatives: Alternatives): Alternatives {
  return alternatives.map((alternative) => new Map(alternative));
}

/** A leaf and, for every array of objects above it, the element it lies in. */
interface Placed {
  leaf: Leaf;
  elements: ReadonlyMap<number, number>;
}
export type FlatEvent = ReadonlyMap<string, readonly Placed[]>;

/** Flattens an event once for all the patterns it is matched against. */
export function flattenEvent(event: Record<string, unknown>): FlatEvent {
  const fields = new Map<string, Placed[]>();
  let arrays = 0;
  function walk(value: unknown, path: string, elements: ReadonlyMap<number, number>): void {
    if (Array.isArray(value)) {
      const array = arrays++;
      value.forEach((element, index) => {
        const inside = typeof element === 'object' && element !== null ? new Map(elements).set(array, index) : elements;
        walk(element, path, inside);
      });
    } else if (isObject(value)) {
      for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`, elements);
    } else {
      const placed: Placed = { leaf: value as Leaf, elements };
      const known = fields.get(path);
      if (known) known.push(placed);
      else fields.set(path, [placed]);
    }
  }
  walk(event, '', new Map());
  return fields;
}

/** True when some alternative finds a leaf for each of its fields, all in the same element of every array they share. */
export function matches(pattern: CompiledPattern, event: FlatEvent): boolean {
  return pattern.some((alternative) => find([...alternative], 0, event, new Map()));
}

function find(fields: [string, readonly Matcher[]][], at: number, event: FlatEvent, elements: ReadonlyMap<number, number>): boolean {
  const field = fields[at];
  if (!field) return true;
  const [name, matchers] = field;
  const placed = event.get(name);
  if (!placed) return matchers.some((matcher) => matcher.absent) && find(fields, at + 1, event, elements);
  return placed.some((candidate) => {
    if (!matchers.some((matcher) => !matcher.absent && matcher.test(candidate.leaf))) return false;
    const together = join(elements, candidate.elements);
    return together !== undefined && find(fields, at + 1, event, together);
  });
}

function join(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): ReadonlyMap<number, number> | undefined {
  if (b.size === 0) return a;
  const joined = new Map(a);
  for (const [array, element] of b) {
    if (joined.has(array) && joined.get(array) !== element) return undefined;
    joined.set(array, element);
  }
  return joined;
}
