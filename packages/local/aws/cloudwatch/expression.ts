/** Reads a metric math expression into a tree. It evaluates nothing; what the embedded stack lacks is refused by name. */
import type { AwsError } from '../service.ts';
import { notHere, validation } from './refusal.ts';

export type Binary = '+' | '-' | '*' | '/' | '<' | '<=' | '>' | '>=' | '==' | '!=' | 'AND' | 'OR';

export type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'text'; value: string }
  | { kind: 'id'; name: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'negative'; of: Expression }
  | { kind: 'binary'; operator: Binary; left: Expression; right: Expression }
  | { kind: 'call'; name: FunctionName; args: Expression[] };

/** With how many arguments each may be called. */
const functions = {
  METRICS: [0, 1],
  SUM: [1, 1],
  AVG: [1, 1],
  MIN: [1, 1],
  MAX: [1, 1],
  ABS: [1, 1],
  CEIL: [1, 1],
  FLOOR: [1, 1],
  FILL: [2, 2],
  IF: [2, 3],
  PERIOD: [1, 1],
} as const;
export type FunctionName = keyof typeof functions;

/** Loosest first. */
const levels: readonly (readonly string[])[] = [
  ['OR', '||'],
  ['AND', '&&'],
  ['<', '<=', '>', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/'],
];
const spelled: Readonly<Record<string, Binary>> = { '||': 'OR', '&&': 'AND' };
const token = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|"([^"]*)"|'([^']*)'|(<=|>=|==|!=|&&|\|\||[-+*/^<>()[\],]))/y;

type Token = { type: 'number' | 'word' | 'text' | 'sign'; text: string };

/** Throws ValidationError for what is no expression, or none that this stack knows. */
export function parseExpression(source: string): Expression {
  const tokens = tokensOf(source);
  let at = 0;
  const peek = () => tokens[at];
  const wrong = (what: string): AwsError => validation(`Error in expression '${source}': ${what}`);

  function take(sign: string): boolean {
    const next = peek();
    if (next?.type === 'text' || next?.text !== sign) return false;
    at++;
    return true;
  }
  function expect(sign: string): void {
    if (!take(sign)) throw wrong(`expected '${sign}' ${where(peek())}`);
  }
  function level(depth: number): Expression {
    const signs = levels[depth];
    if (!signs) return unary();
    let left = level(depth + 1);
    for (let next = peek(); next && next.type !== 'text' && signs.includes(next.text); next = peek()) {
      at++;
      // Only the signs of the levels come here.
      const operator = spelled[next.text] ?? (next.text as Binary);
      left = { kind: 'binary', operator, left, right: level(depth + 1) };
    }
    return left;
  }
  function unary(): Expression {
    return take('-') ? { kind: 'negative', of: unary() } : primary();
  }
  function primary(): Expression {
    const next = peek();
    if (take('(')) {
      const inner = level(0);
      expect(')');
      return inner;
    }
    if (take('[')) return { kind: 'list', items: list(']') };
    at++;
    if (next?.type === 'number') return { kind: 'number', value: Number(next.text) };
    if (next?.type === 'text') return { kind: 'text', value: next.text };
    if (next?.type !== 'word') throw wrong(`unexpected end or sign ${where(next)}`);
    if (take('(')) return call(next.text, list(')'));
    return { kind: 'id', name: next.text };
  }
  function list(end: string): Expression[] {
    const items: Expression[] = [];
    if (take(end)) return items;
    do items.push(level(0));
    while (take(','));
    expect(end);
    return items;
  }
  function call(name: string, args: Expression[]): Expression {
    if (!isFunction(name)) throw notHere(`The metric math function ${name}() of '${source}'`);
    const [least, most] = functions[name];
    if (args.length < least || args.length > most) throw wrong(`${name}() does not take ${args.length} arguments`);
    return { kind: 'call', name, args };
  }

  const tree = level(0);
  if (peek()?.text === '^') throw notHere(`The operator ^ of '${source}'`);
  if (peek()) throw wrong(`unexpected ${where(peek())}`);
  return tree;
}

/** Every metric or expression id that the tree names, without what METRICS() adds. */
export function idsOf(tree: Expression): string[] {
  switch (tree.kind) {
    case 'id':
      return isFillWord(tree.name) ? [] : [tree.name];
    case 'list':
      return tree.items.flatMap(idsOf);
    case 'negative':
      return idsOf(tree.of);
    case 'binary':
      return [...idsOf(tree.left), ...idsOf(tree.right)];
    case 'call':
      return tree.args.flatMap(idsOf);
    default:
      return [];
  }
}

/** FILL's second argument may be a word; ids start in lower case, so none is hidden by it. */
export function isFillWord(name: string): name is 'REPEAT' | 'LINEAR' {
  return name === 'REPEAT' || name === 'LINEAR';
}

function isFunction(name: string): name is FunctionName {
  return Object.hasOwn(functions, name);
}

function tokensOf(source: string): Token[] {
  if (/^\s*(SELECT|SEARCH|ANOMALY_DETECTION_BAND)\b/i.test(source)) throw notHere(`'${source}': only metric math`);
  const tokens: Token[] = [];
  let at = 0;
  while (source.slice(at).trim() !== '') {
    token.lastIndex = at;
    const match = token.exec(source);
    if (!match) throw validation(`Error in expression '${source}': cannot read '${source.slice(at).trim()}'`);
    at = token.lastIndex;
    const [, number, word, double, single, sign] = match;
    if (number !== undefined) tokens.push({ type: 'number', text: number });
    else if (word !== undefined) tokens.push({ type: 'word', text: word });
    else if (sign !== undefined) tokens.push({ type: 'sign', text: sign });
    else tokens.push({ type: 'text', text: double ?? single ?? '' });
  }
  return tokens;
}

function where(token: Token | undefined): string {
  return token ? `at '${token.text}'` : 'at the end';
}
