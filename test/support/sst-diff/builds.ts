/**
 * Answers SST's program in place of SST where it asks for a function's bundle that was built before: a bundle depends on the code alone and on
 * no stage, so that all stages need each of them once. Every other call, and every first build, goes to SST.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { workFolder } from './environment.ts';

/** Where the answers are for this code, and no longer for any other: SST keeps one bundle of each function. */
export function buildsOf(codeDigest: string): string {
  const all = path.join(workFolder, 'builds');
  const folder = path.join(all, codeDigest);
  mkdirSync(folder, { recursive: true });
  for (const other of readdirSync(all)) if (other !== codeDigest) rmSync(path.join(all, other), { recursive: true });
  return folder;
}

/**
 * @param server SST's own address, as it tells the program.
 * @param folder of `buildsOf`.
 * @returns the address that the program shall ask; it does not keep the process alive.
 */
export async function rememberBuilds(server: string, folder: string): Promise<string> {
  const listener = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const known = buildOf(body);
    const file = known && path.join(folder, `${known}.json`);
    if (file && existsSync(file)) {
      response.end(readFileSync(file));
      return;
    }
    const answer = await fetch(server + request.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const text = await answer.text();
    if (file && answer.ok) writeFileSync(file, text);
    response.writeHead(answer.status).end(text);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  listener.unref();
  const { port } = listener.address() as AddressInfo; // a TCP listener's address is always an AddressInfo
  return `http://127.0.0.1:${port}`;
}

/** What makes a bundle what it is; undefined for another call. The name of its log group, which has the stage in it, does not. */
function buildOf(body: string): string | undefined {
  const { method, params } = JSON.parse(body);
  if (method !== 'Runtime.Build') return undefined;
  const { logGroup: _, ...input } = params[0];
  return createHash('sha256').update(JSON.stringify(input)).digest('hex');
}
