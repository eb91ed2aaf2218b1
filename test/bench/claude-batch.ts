/** A batch of Claude Code's token points for the benches: fifteen attributes a point, as a busy relay of several people, sessions and models sends them. */
import { type Attributes, metricsBody, tokenPoint } from '@gatehouse/usage/exporter.fixture';

const types = ['input', 'output', 'cacheRead', 'cacheCreation'] as const;
const models = ['claude-opus-4-8', 'claude-haiku-4-5', 'claude-sonnet-5'];

/** @param at the newest minute, ms; point `n` counts `1000 + n` tokens. */
export function batch(count: number, at: number): ReturnType<typeof metricsBody> {
  const points = Array.from({ length: count }, (_, index) => {
    const more: Attributes = {
      'organization.id': '7c1f0d2e-3b4a-4d5c-8e6f-9a0b1c2d3e4f',
      'user.email': `person${index % 40}@example.com`,
      'user.account_uuid': `00000000-0000-4000-8000-${String(index % 40).padStart(12, '0')}`,
      'terminal.type': 'vscode',
      'app.version': '2.1.330',
      'app.entrypoint': 'cli',
      query_source: 'main',
      effort: 'high',
      department: 'research',
      'team.id': `team-${index % 7}`,
    };
    return tokenPoint({
      at: at - (index % 60) * 60_000,
      type: types[index % 4] ?? 'input',
      tokens: 1000 + index,
      model: models[index % 3] ?? '',
      session: `session-${index % 60}`,
      more,
    });
  });
  return metricsBody(points);
}
