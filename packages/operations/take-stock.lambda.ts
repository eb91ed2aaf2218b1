/** Each hour: measures what no event tells of, today's spending against the usual and the age of the signing key. Changes nothing. */
import { SigningKey, signingKey } from '@gatehouse/contracts/records/signing-key';
import { Spend, spendDayPk } from '@gatehouse/contracts/records/spend';
import { now } from '@gatehouse/runtime/clock';
import { readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { query } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { comparedDays, spendVsUsual } from './usual-day.ts';

export const env = z.object({ TABLE_ACCESS: z.string().min(1), TABLE_USAGE: z.string().min(1) });

const dayMs = 86_400_000;

/** Throws Unavailable, Throttled: the schedule tries again. */
export async function handler(): Promise<void> {
  const { TABLE_ACCESS, TABLE_USAGE } = readEnv(env);
  const at = now();
  const days = comparedDays(at);
  const today = await spentOn(TABLE_USAGE, days.today);
  const usual = await Promise.all(days.usual.map((day) => spentOn(TABLE_USAGE, day)));
  const percent = spendVsUsual(today, usual);
  const age = await signingKeyDays(TABLE_ACCESS, at);
  measure(
    [
      {
        dimensions: {},
        values: {
          ...(percent !== undefined && { SpendVsUsual: { unit: 'Percent', value: percent } as const }),
          ...(age !== undefined && { SigningKeyDays: { unit: 'None', value: age } as const }),
        },
        properties: { today_micros: today },
      },
    ],
    at,
  );
  log.info('stock taken', { today_micros: today, usual_micros: usual, signing_key_days: age });
}

/** Micro-dollars of the whole company, from the ledger's counters; a second behind at most. */
async function spentOn(table: string, day: string): Promise<number> {
  const rows = await query(table, spendDayPk(day), { index: 'gsi1' });
  return rows.reduce((sum, row) => sum + Spend.parse(row).amount_micros, 0);
}

/** Since the key that signs was made. Undefined before the first one. */
async function signingKeyDays(table: string, at: number): Promise<number | undefined> {
  const rows = await query(table, signingKey.key('').pk);
  const current = rows.map((row) => SigningKey.parse(row)).find(({ state }) => state === 'current');
  return current && (at - Date.parse(current.created_at)) / dayMs;
}
