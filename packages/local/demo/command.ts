/** Runs the `gatehouse` command line as an administrator would, against the story's stack. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Story } from './story.ts';

const command = fileURLToPath(new URL('../../client/gatehouse.main.ts', import.meta.url));

/** @param token of the administrator who runs it. Answers what it printed; throws what it said when it ended with anything but 0. */
export function gatehouse(story: Story, token: string, words: readonly string[], input = ''): Promise<string> {
  const env = {
    PATH: process.env.PATH ?? '',
    GATEHOUSE_URL: story.gateway,
    GATEHOUSE_TOKEN: token,
  };
  const child = spawn(process.execPath, [command, ...words], { env });
  let [out, err] = ['', ''];
  child.stdout.on('data', (bytes) => {
    out += bytes;
  });
  child.stderr.on('data', (bytes) => {
    err += bytes;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) =>
    child.once('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`gatehouse ${words.join(' ')} ended with ${code}: ${err}`)),
    ),
  );
}
