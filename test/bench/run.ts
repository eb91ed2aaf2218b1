/** `npm run bench -- --json FILE [--only B1,B2]`: measures the figures that the design holds, one file a figure, and writes what held. */
import { readdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Figure, Measure } from './figure.ts';

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  console.log('npm run bench -- [--json FILE] [--only B1,B8]');
  process.exit(0);
}

const here = new URL('./', import.meta.url);
const ids = (await readdir(here))
  .flatMap((file) => /^([bp]\d+)\.ts$/.exec(file)?.[1]?.toUpperCase() ?? [])
  .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
const wanted = values.only?.toUpperCase().split(',') ?? ids;
const unknown = wanted.filter((id) => !ids.includes(id));
if (unknown.length > 0) {
  console.error(`No such figure: ${unknown.join(', ')}. There are ${ids.join(', ')}.`);
  process.exit(2);
}

const figures: Record<string, Figure> = {};
for (const id of wanted) {
  const { measure }: { measure: Measure } = await import(new URL(`${id.toLowerCase()}.ts`, here).href);
  process.stderr.write(`${id} ...\n`);
  Object.assign(figures, await measure((line) => process.stderr.write(`   ${line}\n`)));
}
for (const [id, { value, min, max, unit, hold, holds }] of Object.entries(figures))
  console.log(`${id.padEnd(5)} ${holds ? 'holds ' : 'FAILS '} ${value} ${unit} (${min} to ${max}), to hold: ${hold}`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ figures }, null, 2)}\n`);
