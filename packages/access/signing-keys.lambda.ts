/** The later steps of a key rotation. Each looks at the clock and the published rows itself: a machine that waits too little is told to wait on. */
import { activateSigningKey, retireSigningKey } from '@gatehouse/contracts/steps/signing-keys';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { deadAfterSeconds, knownAfterSeconds, waitFor, withdrawalOf } from './key-ring.ts';
import { activate as activateKey, readKeys, withdraw } from './signing-keys.dynamodb.ts';

export const env = z.object({ TABLE_ACCESS: z.string() });
type Told = z.infer<typeof activateSigningKey.output>;

export const activate = onStep(activateSigningKey, env, async ({ kid }, { env, now }): Promise<Told> => {
  const table = env.TABLE_ACCESS;
  const rows = await readKeys(table);
  const row = rows.find((one) => one.kid === kid);
  if (!row) throw new Misconfigured(`The key ${kid} is not published any more: start the rotation again`);
  const untilDead = () => withdrawalOf(rows, kid, now).waitSeconds;
  if (row.state !== 'next')
    return { outcome: 'nothing_to_do', wait_seconds: untilDead(), message: `${kid} is the ${row.state} key already.` };
  const wait = waitFor(row, knownAfterSeconds, now);
  if (wait > 0) return { outcome: 'not_yet', wait_seconds: wait, message: `Somebody's copy of the key set may still lack ${kid}.` };
  const current = rows.find(({ state }) => state === 'current');
  if (!current) throw new Misconfigured('No key signs that could hand over to the next: start the rotation again');
  if (!(await activateKey(table, row, current, now)))
    return { outcome: 'not_yet', wait_seconds: 1, message: 'Another rotation changed the keys at this moment.' };
  log.info('signing key activated', { kid, former: current.kid });
  return {
    outcome: 'done',
    wait_seconds: deadAfterSeconds,
    message: `${kid} signs; tokens of ${current.kid} live on for ${deadAfterSeconds} s at most.`,
  };
});

export const retire = onStep(retireSigningKey, env, async ({ kid }, { env, now }): Promise<Told> => {
  const { dead, waitSeconds } = withdrawalOf(await readKeys(env.TABLE_ACCESS), kid, now);
  for (const row of dead) if (await withdraw(env.TABLE_ACCESS, row)) log.info('signing key withdrawn', { kid: row.kid });
  if (waitSeconds > 0) return { outcome: 'not_yet', wait_seconds: waitSeconds, message: 'A token of a former key may still live.' };
  return {
    outcome: dead.length > 0 ? 'done' : 'nothing_to_do',
    wait_seconds: 0,
    message: `${dead.length} former keys were withdrawn; ${kid} stays.`,
  };
});
