/** `npm run evidence -- verify FILE [--kid KID]`: says whether an evidence packet is whole. Reads one file, calls nobody. */
import { readFileSync } from 'node:fs';
import { verifyPacket } from './verify.ts';

const usage = 'Write: npm run evidence -- verify FILE [--kid KID]';

function run(words: readonly string[]): number {
  const [verb, file, flag, kid] = words;
  if (verb !== 'verify' || !file || (flag !== undefined && (flag !== '--kid' || !kid))) {
    console.error(usage);
    return 2;
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    console.error(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  const checked = verifyPacket(text, kid);
  if (!checked.ok) {
    console.error(`${file} does not verify. ${checked.refusal}`);
    return 1;
  }
  const { case: opening, chain, status, cut_at, proven_at, closing, signature } = checked.value;
  console.log(
    `${file} verifies: case ${opening.id} of ${opening.person}, ${status}; started ${opening.started_at}, cut ${cut_at ?? 'never'}, proven ${proven_at ?? 'never'}.`,
  );
  console.log(
    `${chain.length} links, signed by the key ${signature.kid} (${closing.key_arn}). Compare that key with the one in your account.`,
  );
  return 0;
}

process.exitCode = run(process.argv.slice(2));
