/**
 * What Claude Code's `policyHelper` prints: the managed settings of whoever is signed in, from the gateway when it answers, else from the last
 * good copy on this machine. A copy is never used for somebody whom the gateway refuses.
 */

import { join } from 'node:path';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';
import type { Answered, Trouble, Wish } from './gateway.http.ts';
import { readJson, writePrivate } from './session.file.ts';

/** Without the wrapper the client applies nothing and says nothing. */
const Output = z.strictObject({ managedSettings: z.record(z.string(), z.unknown()) });
const Copy = z.object({ gateway: z.string(), etag: z.string(), output: Output });
/** Claude Code waits ten seconds for its helper, and does not start when it fails: half of them are for renewing the session. */
const withinMs = 4_500;
const copyName = 'policy-helper.json';

export interface Helped {
  output: z.infer<typeof Output>;
  from: 'gateway' | 'copy';
}

export async function helperOutput(
  { gateway, folder }: { gateway: string; folder: string },
  ask: (wish: Wish) => Promise<Result<Answered, Trouble>>,
): Promise<Result<Helped, Trouble>> {
  const read = Copy.safeParse(readJson(join(folder, copyName)));
  const copy = read.success && read.data.gateway === gateway ? read.data : undefined;
  const headers = copy && { 'if-none-match': copy.etag };
  const answer = await ask({ method: 'GET', path: '/v1/policy/renderings/policy-helper', withinMs, ...(headers && { headers }) });
  if (!answer.ok) {
    if (copy && answer.refusal.reason === 'away') return ok({ output: copy.output, from: 'copy' });
    return answer;
  }
  if (answer.value.status === 304 && copy) return ok({ output: copy.output, from: 'gateway' });
  const output = Output.safeParse(answer.value.body);
  if (!output.success) return refuse({ reason: 'away', message: 'The gateway answered no managed settings.' });
  writePrivate(folder, copyName, JSON.stringify({ gateway, etag: answer.value.etag ?? '', output: output.data }));
  return ok({ output: output.data, from: 'gateway' });
}
