/** `npm run prices -- update FILE [--from DAY] [--accept]`: shows what a file of prices would change, and writes it into the book only when told to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { listPrices } from './price-book.ts';
import { compare, sentencesOf } from './prices.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { from: { type: 'string' }, accept: { type: 'boolean' } },
});
const [command, file] = positionals;
if (command !== 'update' || file === undefined) {
  console.error(
    "npm run prices -- update FILE [--from 2026-12-01] [--accept]\nFILE is LiteLLM's model_prices_and_context_window.json, or a part of it.",
  );
  process.exit(2);
}
const from = values.from ?? new Date().toISOString().slice(0, 10);
if (!/^\d{4}-\d{2}-\d{2}$/.test(from)) {
  console.error(`--from ${from} is no day: write it as 2026-12-01`);
  process.exit(2);
}
const changes = read();
if (changes.length === 0) console.log(`The book of ${listPrices.version} agrees with the file.`);
else {
  console.log(sentencesOf(changes).join('\n'));
  if (!values.accept) console.log(`\nNothing is written yet. With --accept these hold from ${from} on; days before keep their prices.`);
  else {
    const book = new URL('./price-book.ts', import.meta.url);
    const rows = changes.map(({ model, after }) => {
      const { input, output, cache_read, cache_write_5m, cache_write_1h } = after;
      const rates = `{ input: ${input}, output: ${output}, cache_read: ${cache_read}, cache_write_5m: ${cache_write_5m}, cache_write_1h: ${cache_write_1h} }`;
      const regional = listPrices.prices.find((one) => one.model === model)?.regionalPremium ?? true;
      return `    { model: '${model}', from: '${from}', rates: ${rates}, regionalPremium: ${regional} },`;
    });
    const text = readFileSync(book, 'utf8');
    const end = text.indexOf('\n  ],\n};');
    if (end < 0) throw new Error('price-book.ts does not end its list where it used to');
    const written = `${text.slice(0, end)}\n${rows.join('\n')}${text.slice(end)}`.replace(
      /version: '[^']+'/,
      `version: '${new Date().toISOString().slice(0, 10)}'`,
    );
    writeFileSync(book, written);
    console.log(
      `\n${changes.length} prices written into price-book.ts: read the diff, run the tests, deploy, and POST /admin/spend/reprice.`,
    );
  }
}

function read(): ReturnType<typeof compare> {
  try {
    return compare(listPrices, JSON.parse(readFileSync(file ?? '', 'utf8')), from);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
