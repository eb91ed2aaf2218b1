/**
 * Commands for bash and zsh, one a route that the policy allows, and `claude-check`, which finds variables that older set-ups left behind.
 * Holds no secret: the LiteLLM key is read from the environment when a command runs.
 */
import type { Effective } from '@gatehouse/rules/resolve';

/** What older workspace images and hand-made profiles export. Any of them turns the client away from the route that the policy names. */
export const staleVariables = [
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_MODEL',
  'CLAUDE_CODE_USE_BEDROCK',
];

const commands = ['claude-enterprise', 'claude-litellm', 'claude-local'];

/** To be evaluated by a profile: takes away the commands of routes that are no longer allowed, then defines those that are. */
export function shellSnippet({ admitted, routes }: Effective): string {
  const lines = [
    '# Written by Gatehouse from the policy: changes here are lost.',
    `unalias ${commands.join(' ')} 2>/dev/null`,
    `unset -f claude ${commands.join(' ')} 2>/dev/null`,
  ];
  const clean = `env ${staleVariables.map((name) => `-u ${name}`).join(' ')}`;
  const defined = new Map<string, string>();
  const define = (route: string, name: string, line: string) => {
    lines.push(`function ${name} { ${line} "$@"; }`);
    defined.set(route, name);
  };
  const allows = (route: Effective['routes']['default']) => admitted && routes.allow.includes(route);
  if (allows('enterprise')) define('enterprise', 'claude-enterprise', `${clean} claude`);
  if (allows('governed') && routes.governed_through === 'litellm' && routes.litellm_url)
    define(
      'governed',
      'claude-litellm',
      `ANTHROPIC_BASE_URL=${quoted(routes.litellm_url)} ANTHROPIC_API_KEY="$OPENAI_API_KEY" ANTHROPIC_AUTH_TOKEN='' command claude`,
    );
  if (allows('local') && routes.local_url)
    define('local', 'claude-local', `ANTHROPIC_BASE_URL=${quoted(routes.local_url)} ANTHROPIC_AUTH_TOKEN='local' command claude`);
  const preferred = defined.get(routes.default);
  if (preferred && preferred !== 'claude-enterprise') lines.push(`function claude { ${preferred} "$@"; }`);
  return `${[...lines, ...check()].join('\n')}\n`;
}

/** Names what is set and never shows the value: it may be a key. */
function check(): string[] {
  return [
    'function claude-check {',
    '  local stale=0',
    ...staleVariables.map(
      (name) =>
        `  if [ -n "\${${name}:-}" ]; then echo ${quoted(`${name} is set here and overrides the policy's route: remove it from your profile or recreate the workspace`)} >&2; stale=1; fi`,
    ),
    '  return $stale',
    '}',
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
