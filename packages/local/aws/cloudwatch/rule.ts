/** The rule of a composite alarm: which alarms in which states, joined by AND, OR and NOT. It knows no alarm's state by itself. */
import { notHere, validation } from './refusal.ts';

export type Rule =
  | { kind: 'always'; holds: boolean }
  /** `alarm`: a name or an ARN. */
  | { kind: 'in'; state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'; alarm: string }
  | { kind: 'not'; of: Rule }
  | { kind: 'and' | 'or'; parts: Rule[] };

const mostChildren = 100;
const sign = /\s*(?:(AND|OR|NOT|TRUE|FALSE)\b|(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"((?:[^"\\]|\\.)*)"|([^")]+?))\s*\)|([()]))/y;

type Token = { word: string } | { state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'; alarm: string };

/** Throws ValidationError with the place where the rule cannot be read. */
export function parseRule(source: string): Rule {
  const tokens = tokensOf(source);
  let at = 0;
  const wrong = (expected: string) => validation(`AlarmRule '${source}' cannot be read: expected ${expected}`);

  function take(word: string): boolean {
    const next = tokens[at];
    if (!next || !('word' in next) || next.word !== word) return false;
    at++;
    return true;
  }
  function joined(word: 'AND' | 'OR', part: () => Rule): Rule {
    const parts = [part()];
    while (take(word)) parts.push(part());
    const [only] = parts;
    return only && parts.length === 1 ? only : { kind: word === 'AND' ? 'and' : 'or', parts };
  }
  const either = (): Rule => joined('OR', both);
  const both = (): Rule => joined('AND', one);
  function one(): Rule {
    if (take('NOT')) return { kind: 'not', of: one() };
    if (take('TRUE')) return { kind: 'always', holds: true };
    if (take('FALSE')) return { kind: 'always', holds: false };
    if (take('(')) {
      const inner = either();
      if (!take(')')) throw wrong("')'");
      return inner;
    }
    const next = tokens[at++];
    if (!next || !('state' in next)) throw wrong('ALARM(name), OK(name), INSUFFICIENT_DATA(name), TRUE, FALSE, NOT or a parenthesis');
    return { kind: 'in', state: next.state, alarm: next.alarm };
  }

  const rule = either();
  if (at < tokens.length) throw wrong('AND, OR or the end');
  if (new Set(childrenOf(rule)).size > mostChildren) throw validation(`AlarmRule names more than ${mostChildren} alarms`);
  return rule;
}

/** Names or ARNs, as the rule spells them. */
export function childrenOf(rule: Rule): string[] {
  switch (rule.kind) {
    case 'always':
      return [];
    case 'in':
      return [rule.alarm];
    case 'not':
      return childrenOf(rule.of);
    default:
      return rule.parts.flatMap(childrenOf);
  }
}

export function holds(rule: Rule, isIn: (alarm: string, state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA') => boolean): boolean {
  switch (rule.kind) {
    case 'always':
      return rule.holds;
    case 'in':
      return isIn(rule.alarm, rule.state);
    case 'not':
      return !holds(rule.of, isIn);
    case 'and':
      return rule.parts.every((part) => holds(part, isIn));
    case 'or':
      return rule.parts.some((part) => holds(part, isIn));
  }
}

function tokensOf(source: string): Token[] {
  if (/\bAT_LEAST\s*\(/.test(source)) throw notHere('AT_LEAST() in an alarm rule');
  const tokens: Token[] = [];
  let at = 0;
  while (source.slice(at).trim() !== '') {
    sign.lastIndex = at;
    const match = sign.exec(source);
    if (!match) throw validation(`AlarmRule '${source}' cannot be read at '${source.slice(at).trim()}'`);
    at = sign.lastIndex;
    const [, word, state, quoted, bare, parenthesis] = match;
    const alarm = quoted?.replace(/\\(.)/g, '$1') ?? bare;
    if (alarm !== undefined && (state === 'OK' || state === 'ALARM' || state === 'INSUFFICIENT_DATA')) tokens.push({ state, alarm });
    else tokens.push({ word: word ?? parenthesis ?? '' });
  }
  return tokens;
}
