/** Copies to S3, every five minutes, what verifies and kills tokens, and the base of the policy in force: for a function that starts while the tables are away. */
import { baseline } from '@gatehouse/rules/resolve';
import { onEvent } from '@gatehouse/runtime/event';
import { Unavailable } from '@gatehouse/runtime/fault';
import { revokedSince } from '@gatehouse/runtime/revocations';
import { trustedKeys } from '@gatehouse/runtime/trust';
import * as z from 'zod';
import { digest } from './canonical.ts';
import { keepBase, keepTrust } from './copies.s3.ts';
import { managedSettings } from './settings.ts';
import { documentAt, readHead } from './store.dynamodb.ts';
import { trustCopy } from './trust-copy.ts';

export const env = z.object({
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  BUCKET_SERVED: z.string().min(1),
  PUBLIC_URL: z.url(),
});

export const handler = onEvent({ env, table: ({ TABLE_POLICY }) => TABLE_POLICY, consumer: 'keep-trust' }, async (_event, { env, now }) => {
  const revoked = await revokedSince(now);
  // An old list would stand in S3 as a new one.
  if (!revoked.ok) throw new Unavailable('The revocation list cannot be read');
  const trust = trustCopy(await trustedKeys(now), revoked.value);
  await once('trust', digest(trust), now, () => keepTrust(env.BUCKET_SERVED, trust));
  const { version } = await readHead(env.TABLE_POLICY);
  const document = await documentAt(env.TABLE_POLICY, version);
  if (!document) return;
  const base = managedSettings(baseline(document), { publicUrl: env.PUBLIC_URL });
  await once('base', digest(base), now, () => keepBase(env.BUCKET_SERVED, base));
});

/** Copies end some time: the same is written again once a day. */
const writeAgainMs = 86_400_000;
const written = new Map<string, { content: string; at: number }>();

async function once(what: string, content: string, nowMs: number, write: () => Promise<void>): Promise<void> {
  const last = written.get(what);
  if (last?.content === content && nowMs - last.at < writeAgainMs) return;
  await write();
  written.set(what, { content, at: nowMs });
}
