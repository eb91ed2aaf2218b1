/** Filter patterns of CloudWatch Logs: terms, and conditions on the members of lines that are JSON. Those with regular expressions or columns are refused. */
import { AwsError } from '../service.ts';

export type Matches = (message: string) => boolean;

export function compileFilter(pattern: unknown): Matches {
  const text = typeof pattern === 'string' ? pattern.trim() : '';
  if (/^[[%]/.test(text))
    throw new AwsError('InvalidParameterException', 'Filter patterns with regular expressions or columns are not in the embedded stack');
  return text.startsWith('{') ? compileJson(text) : compileTerms(text);
}

/** All terms, none of the `-` ones, one of the `?` ones. Case counts. */
function compileTerms(text: string): Matches {
  const terms = [...text.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign = '', quoted, plain = '']) => ({
    sign,
    term: quoted === undefined ? plain : unescaped(quoted),
  }));
  const of = (sign: string) => terms.filter((one) => one.sign === sign).map(({ term }) => term);
  const [all, none, some] = [of(''), of('-'), of('?')];
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    (some.length === 0 || some.some((term) => message.includes(term)));
}

type Condition = (line: unknown) => boolean;

const token =
  /\s*(?:(&&|\|\||[(){}]|!=|<=|>=|[=<>])|(\$(?:\.[\w@-]+|\.?\[(?:\d+|"[^"]*"|'[^']*')\])+)|(IS\s+(?:TRUE|FALSE|NULL)|NOT\s+EXISTS)\b|"((?:[^"\\]|\\.)*)"|([^\s(){}&|=<>!"%]+))/gy;
type Token = { kind: 'sign' | 'path' | 'state' | 'text' | 'word'; text: string };
const kinds = ['sign', 'path', 'state', 'text', 'word'] as const;

/** `{ $.level = "ERROR" && ($.ms > 250 || $.retry IS TRUE) }`; `&&` binds stronger than `||`. A member that is not there meets NOT EXISTS alone. */
function compileJson(text: string): Matches {
  const wrong = () => new AwsError('InvalidParameterException', `Invalid filter pattern: ${text}`);
  const tokens = tokensOf(text);
  let at = 0;
  const takes = (sign: string) => tokens[at]?.kind === 'sign' && tokens[at]?.text === sign && ++at > 0;
  const next = (...wanted: readonly Token['kind'][]): Token => {
    const found = tokens[at++];
    if (!found || !wanted.includes(found.kind)) throw wrong();
    return found;
  };

  function either(): Condition {
    const all = [both()];
    while (takes('||')) all.push(both());
    return (line) => all.some((one) => one(line));
  }
  function both(): Condition {
    const all = [single()];
    while (takes('&&')) all.push(single());
    return (line) => all.every((one) => one(line));
  }
  function single(): Condition {
    if (takes('(')) {
      const inner = either();
      if (!takes(')')) throw wrong();
      return inner;
    }
    const steps = stepsOf(next('path').text);
    const { kind, text: sign } = next('sign', 'state');
    const holds = kind === 'state' ? states[sign.replace(/\s+/g, ' ')] : comparison(sign, next('text', 'word'));
    if (!holds) throw wrong();
    return (line) => holds(steps.reduce<unknown>(memberOf, line));
  }

  if (!takes('{')) throw wrong();
  const condition = either();
  if (!takes('}') || at < tokens.length) throw wrong();
  return (message) => {
    const line = parsed(message);
    return line !== undefined && condition(line);
  };

  function tokensOf(whole: string): Token[] {
    const found: Token[] = [];
    token.lastIndex = 0;
    while (token.lastIndex < whole.length) {
      const [, ...groups] = token.exec(whole) ?? [];
      const kind = kinds.find((_, index) => groups[index] !== undefined);
      if (!kind) throw wrong();
      found.push({ kind, text: groups[kinds.indexOf(kind)] ?? '' });
    }
    return found;
  }
}

type Holds = (value: unknown) => boolean;
const states: Readonly<Record<string, Holds>> = {
  'IS TRUE': (value) => value === true,
  'IS FALSE': (value) => value === false,
  'IS NULL': (value) => value === null,
  'NOT EXISTS': (value) => value === undefined,
};
const orders: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** A number is compared with numbers, a text with texts, in which `*` stands for anything. Undefined for an order among texts. */
function comparison(sign: string, { kind, text }: Token): Holds | undefined {
  const order = orders[sign];
  const number = kind === 'word' && text.trim() !== '' ? Number(text) : Number.NaN;
  if (order && !Number.isNaN(number)) return (value) => typeof value === 'number' && order(value, number);
  if (sign !== '=' && sign !== '!=') return undefined;
  const parts = (kind === 'text' ? unescaped(text) : text).split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const shape = new RegExp(`^${parts.join('.*')}$`, 's');
  return (value) => value !== undefined && (typeof value === 'string' && shape.test(value)) === (sign === '=');
}

/** `$.a.b[0]["c.d"]` as its members and indexes. */
function stepsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\.([\w@-]+)|\[(\d+)\]|\[["'](.*?)["']\]/g)].map(([, name, index, quoted]) =>
    index === undefined ? (name ?? quoted ?? '') : Number(index),
  );
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== (typeof step === 'number')) return undefined;
  return Object.hasOwn(value, step) ? (value as Readonly<Record<string | number, unknown>>)[step] : undefined;
}

/** Undefined for a line that is no JSON object. */
function parsed(message: string): unknown {
  if (!message.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(.)/g, '$1');
}
