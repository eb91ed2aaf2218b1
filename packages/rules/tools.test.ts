/** Proves which calls a permission rule speaks of, and that a rule without effect is caught. */
import { describe, expect, it } from 'vitest';
import { covers, ruleProblem } from './tools.ts';

describe('a permission rule', () => {
  it.each([
    ['Bash', 'Bash', 'all'],
    ['Bash', 'Bash(rm -rf /)', 'all'],
    ['Bash(*)', 'Bash', 'all'],
    ['Bash(curl *)', 'Bash', 'some'],
    ['Bash(curl *)', 'Bash(curl https://example.com)', 'all'],
    ['Bash(npm run:*)', 'Bash(npm run test)', 'all'],
    ['Bash(curl *)', 'Bash(wget x)', 'none'],
    ['Bash', 'BashOutput', 'none'],
    ['*', 'WebFetch', 'all'],
    ['mcp__*', 'mcp__github__search', 'all'],
    ['mcp__github', 'mcp__github__search', 'all'],
    ['mcp__github__get_*', 'mcp__github__search', 'none'],
  ])('%s speaks of %s: %s', (rule, tool, answer) => {
    expect(covers(rule, tool)).toBe(answer);
  });

  it.each(['Bash', 'Read(./.env)', 'mcp__bash', '*', 'WebFetch(domain:example.com)', 'SomethingNew'])('%s is well written', (rule) => {
    expect(ruleProblem(rule)).toBeUndefined();
  });

  it.each(['bash', 'Bash(', '', 'Bash()', 'two words', 'shell(rm)'])('"%s" is not', (rule) => {
    expect(ruleProblem(rule)).toMatch(/names no tool|not a permission rule/);
  });
});
