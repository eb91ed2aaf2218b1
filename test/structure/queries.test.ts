/** Saved queries are deployed in every profile, over logs that are there, and ask for fields that our lines have. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';

const stages = ['bundled', 'evaluation', 'existing-pool', 'new', 'own-idp'];
const capabilities = globSync('packages/*/queries.ts', { cwd: root }).map((file) => file.split(path.sep)[1] ?? '');

/** Logs Insights' own words: commands, functions, and what follows a unit of time. */
const own = new Set(
  'fields filter stats sort limit parse display dedup by as and or not in like desc asc ispresent isempty count count_distinct sum avg min max pct latest earliest bin coalesce concat strlen floor ceil abs'.split(
    ' ',
  ),
);

/** Names in a query that a log line has to have: without texts, numbers, `@` fields and what the query itself calls `as`. */
function fieldsOf(query: string): string[] {
  const bare = query.replace(/"[^"]*"|'[^']*'|\/[^/\n]*\//g, ' ');
  const named = new Set([...bare.matchAll(/\bas\s+(\w+)/g)].map(([, name]) => name));
  const words = [...bare.matchAll(/(?<![@\w.])[A-Za-z_][\w.]*/g)].flatMap(([word]) => word.split('.'));
  return [...new Set(words)].filter((word) => !own.has(word) && !named.has(word) && !/^\d/.test(word));
}

describe.each(stages)('in %s', async (stage) => {
  const graph = await capturedGraph(stage);
  const deployed = graph.all('aws:cloudwatch/queryDefinition:QueryDefinition').map(({ inputs }) => inputs);

  it('there are those of each capability that has some', () => {
    const folders = deployed.map(({ name }) => String(name).split('/').slice(0, 2).join('/'));
    expect([...new Set(folders)].sort()).toEqual(capabilities.map((capability) => `gatehouse-${stage}/${capability}`).sort());
  });

  it('read logs that functions write', () => {
    const logs = graph.all('aws:cloudwatch/logGroup:LogGroup').map(({ inputs }) => inputs.name);
    expect(deployed.flatMap(({ logGroupNames }) => logGroupNames).filter((name) => !logs.includes(name))).toEqual([]);
  });
});

it.each(capabilities)('those of %s ask for fields and messages that are written', async (capability) => {
  const files = globSync(`packages/{${capability},ledger,runtime,contracts}/**/*.ts`, {
    cwd: root,
    exclude: ['**/*.test.ts', '**/*.fixture.ts', '**/queries.ts'],
  });
  const text = files.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n');
  const { savedQueries } = await import(path.join(root, 'packages', capability, 'queries.ts'));
  expect(savedQueries.length).toBeGreaterThan(0);
  for (const { name, query } of savedQueries as { name: string; query: string }[]) {
    expect(
      fieldsOf(query).filter((field) => !new RegExp(`\\b${field}\\b`).test(text)),
      name,
    ).toEqual([]);
    const messages = [...query.matchAll(/message (?:= |in \[)([^\]\n]*)/g)].flatMap(([, list = '']) =>
      [...list.matchAll(/"([^"]+)"/g)].map(([, one]) => one),
    );
    expect(
      messages.filter((message) => !text.includes(`'${message}'`)),
      name,
    ).toEqual([]);
  }
});
