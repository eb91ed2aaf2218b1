/**
 * A second, slower matcher of event patterns, written apart from the product's: it looks at one world after another, in each of which
 * every array of the event is one of its elements. It knows valid patterns only.
 */

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

type Leaf = [path: string, value: Json];

/** Every way to take one element of each array; a world is the leaves that are left. */
function worlds(value: Json, path: string): Leaf[][] {
  if (Array.isArray(value)) return value.length === 0 ? [[]] : value.flatMap((element) => worlds(element, path));
  if (typeof value !== 'object' || value === null) return [[[path, value]]];
  return Object.entries(value).reduce<Leaf[][]>(
    (before, [name, inner]) =>
      before.flatMap((world) => worlds(inner, path === '' ? name : `${path}.${name}`).map((more) => [...world, ...more])),
    [[]],
  );
}

export function referenceMatches(pattern: JsonObject, event: JsonObject): boolean {
  const all = worlds(event, '');
  const present = new Set(all.flatMap((world) => world.map(([path]) => path)));
  return all.some((world) => holds(pattern, '', world, present));
}

function holds(pattern: JsonObject, path: string, world: readonly Leaf[], present: ReadonlySet<string>): boolean {
  return Object.entries(pattern).every(([name, asked]) => {
    if (name === '$or') return (asked as JsonObject[]).some((choice) => holds(choice, path, world, present));
    const full = path === '' ? name : `${path}.${name}`;
    if (!Array.isArray(asked)) return holds(asked as JsonObject, full, world, present);
    return asked.some((one) => {
      if (isOperator(one) && one.exists === false) return !present.has(full);
      return world.some(([where, value]) => where === full && fits(one, value));
    });
  });
}

function isOperator(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fits(asked: Json, value: Json): boolean {
  if (!isOperator(asked)) return same(asked, value);
  const [[operator, operand] = ['', null]] = Object.entries(asked);
  switch (operator) {
    case 'exists':
      return true;
    case 'prefix':
      return isOperator(operand) ? like(value, `^${quoted(operand['equals-ignore-case'])}`, 'is') : like(value, `^${quoted(operand)}`, 's');
    case 'suffix':
      return isOperator(operand) ? like(value, `${quoted(operand['equals-ignore-case'])}$`, 'is') : like(value, `${quoted(operand)}$`, 's');
    case 'equals-ignore-case':
      return like(value, `^${quoted(operand)}$`, 'is');
    case 'wildcard':
      return like(
        value,
        `^${String(operand).replace(/\\?[\s\S]/g, (token) => (token === '*' ? '.*' : quoted(token.at(-1) ?? null)))}$`,
        's',
      );
    case 'anything-but': {
      const [inner, refused] = isOperator(operand) ? (Object.entries(operand)[0] ?? ['', null]) : ['', operand];
      const list = Array.isArray(refused) ? refused : [refused];
      return list.every((one) => (inner === '' ? one !== value : !fits({ [inner]: one }, value)));
    }
    case 'numeric': {
      const terms = operand as (string | number)[];
      return [0, 2].every(
        (at) => at >= terms.length || (typeof value === 'number' && compare(value, String(terms[at]), Number(terms[at + 1]))),
      );
    }
    case 'cidr': {
      const [network = '', bits = ''] = String(operand).split('/');
      const [a, b] = [addressOf(network), addressOf(value)];
      if (!a || !b || a.width !== b.width) return false;
      const drop = BigInt(a.width - Number(bits));
      return a.number >> drop === b.number >> drop;
    }
    default:
      throw new Error(`The reference knows no operator ${operator}`);
  }
}

function like(value: Json, source: string, flags: string): boolean {
  return typeof value === 'string' && new RegExp(source, flags).test(value);
}
function quoted(text: Json | undefined): string {
  return String(text).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
function compare(value: number, operator: string, bound: number): boolean {
  const order = Math.sign(value - bound);
  return { '=': [0], '<': [-1], '<=': [-1, 0], '>': [1], '>=': [1, 0] }[operator]?.includes(order) ?? false;
}

/** Two spellings of one address are one value. */
function same(asked: Json, value: Json): boolean {
  if (asked === value) return true;
  const [a, b] = [addressOf(asked), addressOf(value)];
  return a !== undefined && b !== undefined && a.width === b.width && a.number === b.number;
}

function addressOf(value: Json): { number: bigint; width: number } | undefined {
  if (typeof value !== 'string') return undefined;
  if (/^\d+(\.\d+){3}$/.test(value)) return { number: value.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n), width: 32 };
  if (!/^[0-9a-f:]+$/i.test(value) || !value.includes(':')) return undefined;
  const [head = '', tail] = value.split('::');
  const parts = (text: string) => (text === '' ? [] : text.split(':'));
  const missing = tail === undefined ? 0 : 8 - parts(head).length - parts(tail).length;
  const groups = [...parts(head), ...Array.from({ length: missing }, () => '0'), ...parts(tail ?? '')];
  if (groups.length !== 8) return undefined;
  return { number: groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n), width: 128 };
}
