/** Looks every two seconds whether an open answer may go on: the one read that admitted it, again. It ends nothing itself. */
import { limitsOf } from '@gatehouse/ledger/reserve.dynamo';
import { admitAgain, type Caller } from '@gatehouse/runtime/admit';
import { now } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import type { Ending } from './ending.ts';
import { endingOf, type Standing } from './watch.ts';

const everyMs = 2_000;
/** Longer than this without knowing is not knowing. */
const staleMs = 30_000;

export interface Watched {
  caller: Caller;
  models: readonly string[];
  table: string;
  help: string | undefined;
  /** When the answer must have ended, ms. */
  until: number;
}

export interface Watch {
  ending(): Ending | undefined;
  close(): void;
}

export function watch({ caller, models, table, help, until }: Watched): Watch {
  let found: Ending | undefined;
  let knownAt = now();
  let looking = false;
  async function look(): Promise<void> {
    if (found || looking) return;
    looking = true;
    try {
      const at = now();
      const ending = endingOf(await standingOf(caller, table, at), models, { help, now: at });
      if (ending?.reason !== 'unknown') knownAt = at;
      if (ending && (ending.reason !== 'unknown' || now() - knownAt > staleMs)) found = ending;
    } catch (error) {
      log.warn('an open answer cannot be looked after', { error: error as Error });
      if (now() - knownAt > staleMs) found = { reason: 'unknown' };
    } finally {
      looking = false;
    }
  }
  const timer = setInterval(() => void look(), everyMs);
  return {
    ending: () => found ?? (now() >= until ? { reason: 'deadline' } : undefined),
    close: () => clearInterval(timer),
  };
}

async function standingOf(caller: Caller, table: string, at: number): Promise<Standing> {
  const admitted = await admitAgain(caller, at);
  if (!admitted.ok) return { admitted: false, refusal: admitted.refusal };
  const { person, groups, policy, money } = admitted.value;
  if (!policy || !money) throw new TypeError('Somebody admitted for inference has a policy and its money');
  const limits = await limitsOf(table, { person, groups, budgets: policy.effective.budgets, rows: money, nowMs: at });
  return { admitted: true, effective: policy.effective, limits };
}
