/** Whether somebody who was let in still is, by what is read again while their answer is coming. Reads nothing itself. */
import type { AdmissionRefusal } from '@gatehouse/contracts/refusal';
import type { Limit } from '@gatehouse/ledger/spend-limit';
import { roomIn } from '@gatehouse/ledger/spend-limit';
import type { Effective } from '@gatehouse/rules/resolve';
import type { Ending } from './ending.ts';
import { permit } from './permission.ts';
import { refused } from './refusal.ts';

export type Standing = { admitted: false; refusal: AdmissionRefusal } | { admitted: true; effective: Effective; limits: readonly Limit[] };

/** @param models that the open answer uses. */
export function endingOf(
  standing: Standing,
  models: readonly string[],
  { help, now }: { help: string | undefined; now: number },
): Ending | undefined {
  if (!standing.admitted) return standing.refusal.reason === 'state_unknown' ? { reason: 'unknown' } : { reason: 'cut' };
  const permitted = permit(standing.effective, models);
  if (!permitted.ok) return { reason: 'policy', message: refused(permitted.refusal, help).message };
  const room = roomIn(standing.limits);
  if (room.open || room.because === 'held') return undefined;
  return { reason: 'budget', message: refused({ reason: 'used_up', limit: room.limit, now }, help).message };
}
