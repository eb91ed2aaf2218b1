/** `npm run demo`: the whole story against a fresh stack on free ports, one line a step. Exits 0 when every step held, else 1 and says which did not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { styleText } from 'node:util';
import { type Chapter, postJson, type Story } from './demo/story.ts';
import { fourPorts } from './ports.ts';
import { addressesOf } from './profile.ts';
import { settledWithin } from './settled.ts';

/** How long a move of the clock waits for what is in flight. */
const patienceMs = 1_000;
const began = performance.now();
const port = await fourPorts(0);
const data = await mkdtemp(join(tmpdir(), 'gatehouse-demo-'));
const addresses = addressesOf(port);
const lines: string[] = [];
const kept = new Map<string, unknown>();
const conclusions: string[] = [];
const child = startChild();
let failed: unknown;
try {
  await up(child);
  say(`A fresh stack is up on ports ${port} to ${port + 3}, after ${seconds(performance.now() - began)}.`);
  for (const chapter of await chapters()) {
    say(`\n${paint('bold', chapter.title)}`);
    await chapter.tell(story());
  }
  say(`\n${paint('green', 'Every step held.')} ${seconds(performance.now() - began)} in all.`);
  for (const line of conclusions) say(line);
} catch (error) {
  failed = error;
  say(`\n${paint('red', 'The demo stopped:')} ${error instanceof Error ? error.message : String(error)}`);
  say(`The stack's last lines:\n${lines.slice(-15).join('\n')}`);
} finally {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.kill('SIGTERM')) await gone;
  await rm(data, { recursive: true, force: true });
}
process.exitCode = failed === undefined ? 0 : 1;

function startChild(): ChildProcess {
  const main = fileURLToPath(new URL('./start.mjs', import.meta.url));
  return spawn(process.execPath, [main, '--port', String(port), '--data', data], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function up(process: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const stream of [process.stdout, process.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line.startsWith('Gatehouse is up')) resolve();
      });
    }
    process.once('error', reject);
    process.once('exit', (code) => reject(new Error(`The stack ended with ${code} before it was up`)));
  });
}

async function chapters(): Promise<Chapter[]> {
  const folder = fileURLToPath(new URL('./demo/', import.meta.url));
  const files = (await readdir(folder)).filter((file) => /^\d\d-.*\.ts$/.test(file)).sort();
  return Promise.all(files.map(async (file) => ((await import(pathToFileURL(join(folder, file)).href)) as { chapter: Chapter }).chapter));
}

function story(): Story {
  const advance = async (by: number) => {
    const moved = await postJson(`${addresses.aws}/_clock`, { advance_seconds: by });
    if (!moved.ok) throw new Error(`The clock did not move: ${await moved.text()}`);
  };
  return {
    ...addresses,
    kept,
    conclude: (line) => void conclusions.push(line),
    advance,
    note: (line) => say(`  ${paint('dim', line)}`),
    step: async (what, act) => {
      const started = performance.now();
      try {
        const { result, said } = await act();
        say(`  ${paint('green', '✓')} ${what} ${paint('dim', '→')} ${said} ${paint('dim', `(${seconds(performance.now() - started)})`)}`);
        return result;
      } catch (error) {
        say(`  ${paint('red', '✗')} ${what}`);
        throw new Error(`"${what}" did not hold: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    },
    until: async (what, ask, { stepSeconds = 0, timeoutMs = 20_000 } = {}) => {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs / 1000} s`);
        if (stepSeconds > 0) await advance(stepSeconds);
        // Work between two moves of the clock takes real time: moved on before it is done, its timeouts would be over before it began.
        if (stepSeconds > 0) await settledWithin(addresses.aws, patienceMs);
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Colours only where a person looks. */
function paint(style: 'bold' | 'dim' | 'green' | 'red', text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
