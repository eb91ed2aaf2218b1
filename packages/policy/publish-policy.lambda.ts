/** Publishes a document when the head is where the caller believes it to be: how a deployment brings its first policy. No route leads here. */
import { step } from '@gatehouse/contracts/steps/step';
import { parseDocument } from '@gatehouse/rules/problems';
import { timestamp } from '@gatehouse/runtime/clock';
import { InvalidRequest } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { publishVersion } from './store.dynamodb.ts';

export const env = z.object({ TABLE_POLICY: z.string().min(1) });

export const publishPolicy = step({
  name: 'publish-policy',
  owner: 'policy',
  input: z.strictObject({
    document: z.unknown(),
    author: z.string().min(1),
    reason: z.string().min(1),
    /** 0: there is none yet. */
    if_version: z.int().nonnegative(),
  }),
  output: z.strictObject({ outcome: z.enum(['published', 'not_at_version']), version: z.int() }),
  idempotency: 'if_version',
  faults: ['InvalidRequest', 'Throttled', 'Unavailable', 'Misconfigured'],
  timeoutSeconds: 10,
});

export const handler = onStep(publishPolicy, env, async ({ document, author, reason, if_version }, { env, now }) => {
  const parsed = parseDocument(document);
  if (!parsed.ok)
    throw new InvalidRequest(parsed.refusal.problems.map(({ path, message }) => `${path || 'the document'}: ${message}`).join('; '));
  const done = await publishVersion(env.TABLE_POLICY, {
    document: parsed.value,
    author,
    reason,
    ifVersion: if_version,
    at: timestamp(now),
  });
  if (!done.ok) return { outcome: 'not_at_version' as const, version: done.refusal.version };
  return { outcome: 'published' as const, version: done.value.version };
});
