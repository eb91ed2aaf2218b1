/**
 * The first step of a key rotation: says what is wrong with its input, withdraws what a rotation before it left published, picks the key whose turn it
 * is, and publishes it. It does not sign yet.
 */
import { publishSigningKey } from '@gatehouse/contracts/steps/signing-keys';
import { InvalidRequest, Misconfigured } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { deadAfterSeconds, knownAfterSeconds, nextOf, waitFor, withdrawalOf } from './key-ring.ts';
import { readRotation } from './rotation.ts';
import { kmsSigner } from './signer.kms.ts';
import { currentSigner, publishNext, readKeys, ringEnv, ringOf, withdraw } from './signing-keys.dynamodb.ts';

export const env = z.object({ TABLE_ACCESS: z.string(), ...ringEnv });
type Told = z.infer<typeof publishSigningKey.output>;

export const handler = onStep(publishSigningKey, env, async ({ input, execution_arn }, { env, now }): Promise<Told> => {
  const wish = readRotation(input);
  if (!wish.ok) throw new InvalidRequest(wish.refusal);
  const table = env.TABLE_ACCESS;
  const current = await currentSigner(env, now);
  const rows = await readKeys(table);
  const { dead } = withdrawalOf(rows, current.kid, now);
  if (!wish.value.dry_run) for (const row of dead) await withdraw(table, row);
  const next = nextOf(
    rows.filter((row) => !dead.includes(row)),
    ringOf(env),
  );
  if (!next.ok)
    throw new InvalidRequest(
      `Every key of the ring is in use: the rotation before this one has not withdrawn ${next.refusal.kids.join(', ')} yet. Let it end, at most ${Math.ceil(deadAfterSeconds / 3600)} hours; then start again.`,
    );
  // Its self-test is part of the start: a key that cannot sign is never published.
  const signer = await kmsSigner(next.value);
  if (wish.value.dry_run)
    return {
      outcome: 'planned',
      kid: signer.kid,
      wait_seconds: 0,
      message: `${current.kid} signs; ${signer.kid} would be published, sign after ${knownAfterSeconds} s, and ${current.kid} be withdrawn ${deadAfterSeconds} s later.`,
    };
  const row = await publishNext(table, signer, now);
  if (!row) throw new Misconfigured(`The key ${signer.kid} was withdrawn while it was published: start again`);
  const { reason, ticket } = wish.value;
  log.info('signing key published', { kid: signer.kid, reason, ticket, execution_arn });
  return {
    outcome: 'published',
    kid: signer.kid,
    wait_seconds: row.state === 'next' ? waitFor(row, knownAfterSeconds, now) : 0,
    message: `${signer.kid} is published and does not sign yet.`,
  };
});
