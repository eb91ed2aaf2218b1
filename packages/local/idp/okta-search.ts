/** The part of Okta's search and filter language that a directory reader needs: `attribute op "value"`, `and`, `or`, parentheses. Pure. */

export type Test = (attribute: (name: string) => string | undefined) => boolean;

const token = /\s*(\(|\)|"(?:[^"\\]|\\.)*"|[A-Za-z][\w.]*)/y;

/** @returns undefined when the expression is not one (Okta then answers E0000031). */
export function parseSearch(expression: string): Test | undefined {
  const tokens = tokenize(expression);
  if (!tokens) return undefined;
  const parsed = either(tokens);
  return parsed && tokens.length === 0 ? parsed : undefined;
}

function tokenize(expression: string): string[] | undefined {
  const tokens: string[] = [];
  const text = expression.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (!found?.[1]) return undefined;
    tokens.push(found[1]);
  }
  return tokens;
}

function either(tokens: string[]): Test | undefined {
  return chain(tokens, 'or', (rest) => chain(rest, 'and', term));
}

function chain(tokens: string[], word: 'and' | 'or', operand: (tokens: string[]) => Test | undefined): Test | undefined {
  let left = operand(tokens);
  while (left && tokens[0]?.toLowerCase() === word) {
    tokens.shift();
    const first: Test = left;
    const second = operand(tokens);
    left = second && (word === 'and' ? (get) => first(get) && second(get) : (get) => first(get) || second(get));
  }
  return left;
}

function term(tokens: string[]): Test | undefined {
  if (tokens[0] === '(') {
    tokens.shift();
    const inner = either(tokens);
    return tokens.shift() === ')' ? inner : undefined;
  }
  const [attribute, operator, quoted] = tokens.splice(0, 3);
  const compare = comparisons[operator?.toLowerCase() ?? ''];
  if (!attribute || !compare || !quoted?.startsWith('"')) return undefined;
  const value = unquote(quoted);
  return (get) => {
    const actual = get(attribute);
    return actual !== undefined && compare(actual, value);
  };
}

/** ISO 8601 times in one zone compare as texts. */
const comparisons: Readonly<Record<string, (actual: string, wanted: string) => boolean>> = {
  eq: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  ne: (actual, wanted) => actual.toLowerCase() !== wanted.toLowerCase(),
  sw: (actual, wanted) => actual.toLowerCase().startsWith(wanted.toLowerCase()),
  co: (actual, wanted) => actual.toLowerCase().includes(wanted.toLowerCase()),
  gt: (actual, wanted) => actual > wanted,
  ge: (actual, wanted) => actual >= wanted,
  lt: (actual, wanted) => actual < wanted,
  le: (actual, wanted) => actual <= wanted,
};

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, '$1');
}
