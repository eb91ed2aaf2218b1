/**
 * Stops one address that sends bad tokens by the hundred, before any of them is looked at. Good requests cost nothing here: only refusals are counted,
 * in one row an address and minute; an environment remembers who has used theirs up until the minute ends.
 */
import { withinRate } from './device.dynamodb.ts';
import { classOf, personOf, type SignInRefusal } from './refusal.ts';

/** Far above a company behind one address at nine o'clock, far below what a forger needs. */
const limit = { attempts: 3_000, seconds: 60 };
const maxRemembered = 10_000;
const stopped = new Map<string, number>();

export function isStopped(sourceIp: string, nowMs: number): boolean {
  const until = stopped.get(sourceIp);
  if (until === undefined) return false;
  if (nowMs < until) return true;
  stopped.delete(sourceIp);
  return false;
}

/** Refusals of somebody who is known are not counted: their tokens are genuine. */
export async function countRefusal(table: string, sourceIp: string, refusal: SignInRefusal, nowMs: number): Promise<void> {
  if (classOf(refusal) === 'standing' || personOf(refusal) !== undefined) return;
  if (await withinRate(table, 'refused', sourceIp, limit, nowMs)) return;
  if (stopped.size >= maxRemembered) stopped.clear();
  stopped.set(sourceIp, (Math.floor(nowMs / 1000 / limit.seconds) + 1) * limit.seconds * 1000);
}
