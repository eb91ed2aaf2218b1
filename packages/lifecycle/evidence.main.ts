/** `npm run evidence -- verify FILE` and `-- view FILE`: whether evidence is whole, and a page of it for auditors. Reads files, calls nobody. */
import { parseArgs } from 'node:util';
import { type Printed, verifyFile, viewFile } from '@gatehouse/core/evidence/verdict.file';

const usage = `Write: npm run evidence -- verify FILE [--root ROOT]... [--kid KID] [--json]
       npm run evidence -- view FILE [--kid KID] > page.html
FILE is a packet or a root. A packet is looked for in the roots; roots must follow one another.`;

function run(words: string[]): Printed | undefined {
  const options = { root: { type: 'string', multiple: true }, kid: { type: 'string' }, json: { type: 'boolean' } } as const;
  try {
    const { positionals, values } = parseArgs({ args: words, options, allowPositionals: true });
    const [verb, file, ...more] = positionals;
    if (file === undefined || more.length > 0) return undefined;
    if (verb === 'view') return viewFile(file, values.kid);
    return verb === 'verify' ? verifyFile({ file, roots: values.root ?? [], kid: values.kid, json: values.json === true }) : undefined;
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) return undefined;
    throw error;
  }
}

const printed = run(process.argv.slice(2));
if (!printed) console.error(usage);
else if (printed.code === 0 || process.argv.includes('--json')) console.log(printed.text);
else console.error(printed.text);
process.exitCode = printed?.code ?? 2;
