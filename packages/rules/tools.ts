/** What a Claude Code permission rule may look like, and which calls it covers. Enforcement is the client's; this checks spelling and explains. */
import { nearest } from './nearest.ts';

/** Built-in tools of the client. Others may come; a rule for an unknown capitalised name is accepted. */
const builtInTools = [
  'Agent',
  'AskUserQuestion',
  'Bash',
  'BashOutput',
  'Edit',
  'ExitPlanMode',
  'Glob',
  'Grep',
  'KillShell',
  'LSP',
  'Monitor',
  'MultiEdit',
  'NotebookEdit',
  'PowerShell',
  'Read',
  'Skill',
  'SlashCommand',
  'Task',
  'TodoWrite',
  'WebFetch',
  'WebSearch',
  'Write',
] as const;

const shape = /^(?<tool>\*|[A-Za-z][\w*.-]*)(?:\((?<specifier>.+)\))?$/s;

/** Why a rule would have no effect in the client, or undefined when it is well written. */
export function ruleProblem(rule: string): string | undefined {
  const parts = shape.exec(rule)?.groups;
  if (!parts?.tool)
    return `"${rule}" is not a permission rule: write Tool or Tool(specifier), for instance Bash, Bash(curl *), Read(./.env) or mcp__github__*`;
  if (parts.tool === '*' || parts.tool.startsWith('mcp__') || /^[A-Z]/.test(parts.tool)) return undefined;
  const near = nearest(parts.tool, builtInTools);
  return `"${parts.tool}" names no tool: a tool's name starts with a capital letter, an MCP tool's with mcp__${near ? `; did you mean "${near}"?` : ''}`;
}

/**
 * Whether a rule covers every call of a tool (`Bash` covers `Bash` and `Bash(curl x)`), some calls of it (`Bash(curl *)` asked about `Bash`),
 * or none. `tool` is a name, or a call written as a rule.
 */
export function covers(rule: string, tool: string): 'all' | 'some' | 'none' {
  const mine = shape.exec(rule)?.groups;
  const theirs = shape.exec(tool)?.groups;
  if (!mine?.tool || !theirs?.tool || !wildcard(mine.tool, theirs.tool)) return 'none';
  if (!mine.specifier || mine.specifier === '*') return 'all';
  if (!theirs.specifier) return 'some';
  return wildcard(mine.specifier.replace(/:\*$/, '*'), theirs.specifier) ? 'all' : 'none';
}

/** `*` stands for any run of characters. `mcp__github` covers the whole server. */
function wildcard(pattern: string, text: string): boolean {
  if (pattern.startsWith('mcp__') && !pattern.includes('*') && text.startsWith(`${pattern}__`)) return true;
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === text;
  if (!text.startsWith(parts[0]!)) return false;
  let at = parts[0]!.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - at >= parts.at(-1)!.length && text.endsWith(parts.at(-1)!);
}
