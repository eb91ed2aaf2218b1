/** One matcher of an event pattern: compiles its JSON to a test of one leaf value. Knows no paths, arrays or events. */
import { BlockList, isIP } from 'node:net';

/** A leaf of an event. */
export type Leaf = string | number | boolean | null;

/** `absent` is `{"exists": false}`: it asks for no leaf at all. */
export type Matcher = { absent: true } | { absent: false; test: (leaf: Leaf) => boolean };

/** Why a pattern is refused; the API answers InvalidEventPatternException. */
export class PatternError extends Error {
  override name = 'PatternError';
}

type Json = unknown;

/** `spec` is an element of a field's array: a scalar, or an object with exactly one operator. Throws PatternError. */
export function compileMatcher(spec: Json): Matcher {
  if (isLeaf(spec)) return present(exactly(spec));
  if (!isObject(spec)) throw new PatternError('Match value must be String, number, true, false, or null');
  const [operator, operand] = only(spec, 'Match expression name not found');
  if (operator === 'exists') {
    if (typeof operand !== 'boolean') throw new PatternError('exists match pattern must be either true or false.');
    return operand ? present(() => true) : { absent: true };
  }
  if (operator === 'anything-but') return present(anythingBut(operand));
  if (operator === 'numeric') return present(numeric(operand));
  if (operator === 'cidr') return present(cidr(text(operand, operator)));
  if ((operator === 'prefix' || operator === 'suffix') && isObject(operand)) {
    const [inner, value] = only(operand, `${operator} expression name not found`);
    if (inner !== 'equals-ignore-case') throw new PatternError(`Unsupported ${operator} pattern: ${inner}`);
    return present(ofString(operator, text(value, inner), true));
  }
  if (isStringOperator(operator)) return present(ofString(operator, text(operand, operator), false));
  throw new PatternError(`Unrecognized match type ${operator}`);
}

const present = (test: (leaf: Leaf) => boolean): Matcher => ({ absent: false, test });

type StringOperator = 'prefix' | 'suffix' | 'equals-ignore-case' | 'wildcard';
const isStringOperator = (operator: string): operator is StringOperator =>
  ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator);

/** None of these ever matches a number, a boolean or null. */
function ofString(operator: StringOperator, value: string, ignoreCase: boolean): (leaf: Leaf) => boolean {
  const wanted = ignoreCase || operator === 'equals-ignore-case' ? value.toLowerCase() : value;
  const view = (leaf: string) => (ignoreCase || operator === 'equals-ignore-case' ? leaf.toLowerCase() : leaf);
  if (operator === 'wildcard') {
    const matches = wildcard(value);
    return (leaf) => typeof leaf === 'string' && matches(leaf);
  }
  if (operator === 'prefix') return (leaf) => typeof leaf === 'string' && view(leaf).startsWith(wanted);
  if (operator === 'suffix') return (leaf) => typeof leaf === 'string' && view(leaf).endsWith(wanted);
  return (leaf) => typeof leaf === 'string' && view(leaf) === wanted;
}

/** Two spellings of one address are equal, as in EventBridge. */
function exactly(wanted: Leaf): (leaf: Leaf) => boolean {
  const family = typeof wanted === 'string' ? isIP(wanted) : 0;
  if (typeof wanted !== 'string' || family === 0) return (leaf) => leaf === wanted;
  const list = new BlockList();
  list.addAddress(wanted, family === 6 ? 'ipv6' : 'ipv4');
  return (leaf) =>
    leaf === wanted || (typeof leaf === 'string' && isIP(leaf) === family && list.check(leaf, family === 6 ? 'ipv6' : 'ipv4'));
}

/** Any value of the leaf but these: so a number, true or null passes `anything-but` a string. */
function anythingBut(operand: Json): (leaf: Leaf) => boolean {
  if (isObject(operand)) {
    const [operator, value] = only(operand, 'Anything-But expression name not found');
    if (!isStringOperator(operator)) throw new PatternError(`Unsupported anything-but pattern: ${operator}`);
    if (Array.isArray(value) && value.length === 0) throw new PatternError('Inside anything-but list, an empty list is not supported.');
    const refused = (Array.isArray(value) ? value : [value]).map((one) => {
      const wanted = text(one, operator);
      if (wanted === '' && (operator === 'prefix' || operator === 'suffix')) throw new PatternError('Null prefix/suffix not allowed');
      return ofString(operator, wanted, false);
    });
    return (leaf) => !refused.some((matches) => matches(leaf));
  }
  const values = Array.isArray(operand) ? operand : [operand];
  if (values.some((value) => typeof value !== 'string' && typeof value !== 'number'))
    throw new PatternError('Inside anything-but list, start|null|boolean is not supported.');
  if (new Set(values.map((value) => typeof value)).size !== 1)
    throw new PatternError('Inside anything-but list, either all values are number or string, mixed type is not supported');
  const refused = new Set<Leaf>(values);
  return (leaf) => !refused.has(leaf);
}

/** `["=", n]`, one bound, or a lower bound and then an upper one. */
function numeric(operand: Json): (leaf: Leaf) => boolean {
  if (!Array.isArray(operand)) throw new PatternError('Value of numeric must be an array.');
  const [lower, first, upper, second, ...rest] = operand;
  const compare: Record<string, (leaf: number, bound: number) => boolean> = {
    '=': (leaf, bound) => leaf === bound,
    '<': (leaf, bound) => leaf < bound,
    '<=': (leaf, bound) => leaf <= bound,
    '>': (leaf, bound) => leaf > bound,
    '>=': (leaf, bound) => leaf >= bound,
  };
  const operatorOf = (name: Json) => {
    const found = typeof name === 'string' && Object.hasOwn(compare, name) ? compare[name] : undefined;
    if (!found) throw new PatternError(`Unrecognized numeric range operator: ${String(name)}`);
    return found;
  };
  const test = operatorOf(lower);
  if (typeof first !== 'number') throw new PatternError(`Value of ${lower} must be numeric`);
  if (operand.length === 2) return (leaf) => typeof leaf === 'number' && test(leaf, first);
  if (lower !== '>' && lower !== '>=') throw new PatternError('Too many elements in numeric expression');
  if (upper !== '<' && upper !== '<=') throw new PatternError(`Bad numeric range operator: ${String(upper)}`);
  const testUpper = operatorOf(upper);
  if (typeof second !== 'number') throw new PatternError(`Value of ${upper} must be numeric`);
  if (rest.length > 0) throw new PatternError('Too many terms in numeric range expression');
  if (first >= second) throw new PatternError('Bottom must be less than top');
  return (leaf) => typeof leaf === 'number' && test(leaf, first) && testUpper(leaf, second);
}

/** Host bits are ignored; a mask that leaves a single address is refused, as by EventBridge. */
function cidr(value: string): (leaf: Leaf) => boolean {
  const [address = '', mask = '', ...rest] = value.split('/');
  if (rest.length > 0 || !value.includes('/')) throw new PatternError("Malformed CIDR, one '/' required");
  const family = isIP(address);
  if (family === 0) throw new PatternError(`Nonstandard IP address: ${address}`);
  if (!/^\+?\d+$/.test(mask))
    throw new PatternError(
      /^-\d+$/.test(mask) ? 'Malformed CIDR, mask bits must not be negative' : 'Malformed CIDR, mask bits must be an integer',
    );
  const bits = Number(mask);
  const longest = family === 4 ? 31 : 127;
  if (bits > longest) throw new PatternError(`IPv${family} mask bits must be < ${longest + 1}`);
  const list = new BlockList();
  const type = family === 6 ? 'ipv6' : 'ipv4';
  list.addSubnet(address, bits, type);
  return (leaf) => typeof leaf === 'string' && isIP(leaf) === family && list.check(leaf, type);
}

/** `*` stands for any text, also none; `\*` and `\\` are the characters themselves. */
function wildcard(value: string): (leaf: string) => boolean {
  const pieces: string[] = [];
  let piece = '';
  for (let at = 0; at < value.length; at++) {
    const [character = '', next = ''] = [value[at], value[at + 1]];
    if (character === '*') {
      if (next === '*') throw new PatternError(`Consecutive wildcard characters at pos ${at + 1}`);
      pieces.push(piece);
      piece = '';
    } else if (character === '\\') {
      if (next !== '*' && next !== '\\') throw new PatternError(`Invalid escape character at pos ${at + 1}`);
      piece += next;
      at++;
    } else piece += character;
  }
  pieces.push(piece);
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return (leaf) => leaf === first;
  return (leaf) => {
    if (leaf.length < first.length + last.length || !leaf.startsWith(first) || !leaf.endsWith(last)) return false;
    const end = leaf.length - last.length;
    let from = first.length;
    for (const middle of others) {
      const found = leaf.indexOf(middle, from);
      if (found < 0 || found + middle.length > end) return false;
      from = found + middle.length;
    }
    return true;
  };
}

function text(value: Json, operator: string): string {
  if (typeof value !== 'string') throw new PatternError(`${operator} match pattern must be a string`);
  return value;
}
function only(object: Record<string, Json>, missing: string): [string, Json] {
  const [first, ...more] = Object.entries(object);
  if (!first) throw new PatternError(missing);
  if (more.length > 0) throw new PatternError('Only one key allowed in match expression');
  return first;
}
export function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function isLeaf(value: Json): value is Leaf {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
