/** Runs the killed exports in a process of their own, whose stdout is the ingest function's, and answers their tally. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ExportTally {
  /** Exports that were taken, repeats included. */
  sent: number;
  /** SIGKILLs of the store. */
  kills: number;
  /** Transactions that were on their way when the store was killed. */
  killed: number;
  /** Answers that asked to send again. */
  comeBack: number;
  /** The ledger's distance from what the senders reckon, over all people. */
  errorMicros: number;
  seconds: number;
}

/** @param count of different exports. */
export function killedExports(count: number, seed: number, say: (line: string) => void): Promise<ExportTally> {
  const script = fileURLToPath(new URL('./killed-exports.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(script, [String(count), String(seed)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message: { line?: string; tally?: ExportTally }) => {
      if (message.line) say(message.line);
      if (message.tally) resolve(message.tally);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The exports ended with ${code} before they were done`)));
  });
}
