/** Every minute: does Coder answer, and which builds of workspaces have failed since the last look. It mends nothing. */
import { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { json, readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { ask } from '@gatehouse/runtime/outside';
import * as z from 'zod';
import { failedSince } from './coder-builds.http.ts';
import { lastLook, rememberLook } from './look.dynamo.ts';
import { atCoder } from './scene.coder.ts';

export const env = z.object({ TABLE_WORKSPACES: z.string(), CONFIG: json(WorkspacesConfig), SECRET_CODER_TOKEN_ARN: z.string() });

export async function handler(): Promise<void> {
  const reached = readEnv(env);
  const { TABLE_WORKSPACES: table, CONFIG } = reached;
  if (!CONFIG.coder) return;
  const { url } = CONFIG.coder;
  const at = now();
  const up = await isUp(url);
  measure([{ dimensions: {}, values: { CoderUp: { unit: 'Count', value: up ? 1 : 0 } } }], at);
  if (!up) return;
  // What fails while Coder is away, or after a look that broke, is counted by the next one.
  const since = (await lastLook(table)) ?? timestamp(at - 60_000);
  const until = timestamp(at);
  const failed = (await atCoder(reached, 'first', (coder) => failedSince(coder, since, until))) ?? [];
  for (const { workspace, owner, error } of failed) log.warn('a build has failed', { workspace, owner, error });
  measure([{ dimensions: {}, values: { WorkspaceBuildsFailed: { unit: 'Count', value: failed.length } } }], at);
  await rememberLook(table, until);
}

/** Coder's own `/healthz`, which needs no token: a wrong one of ours is not Coder's outage. */
async function isUp(url: string): Promise<boolean> {
  try {
    return (await ask(`${url.replace(/\/$/, '')}/healthz`, { timeoutMs: 5_000, attempts: 2 })).status === 200;
  } catch (error) {
    log.warn('Coder does not answer', { error: error as Error });
    return false;
  }
}
