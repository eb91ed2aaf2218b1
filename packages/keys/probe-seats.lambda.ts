/** Looks once at one person's seat at Anthropic, and says whether it, their invites and their keys have been gone for long enough. Changes nothing. */
import { probeSeats } from '@gatehouse/contracts/steps/seats';
import { judge } from '@gatehouse/core/watch';
import { now } from '@gatehouse/runtime/clock';
import { holdingOf } from './anthropic.http.ts';
import { onSeats, tell } from './scene.anthropic.ts';
import { isFixed, isGone, type Seen, seenOf } from './seat.ts';

export { env } from './scene.anthropic.ts';

/** Anthropic names no cache: two looks, so that an answer to our own write is none. How long an identity provider may take is the machine's patience. */
const patience = { quietMs: 60_000, aliveMs: Number.POSITIVE_INFINITY };
/** Directories are synchronised every minute, at times after hours. */
const soonMs = 10 * 60_000;
const soonSeconds = 60;
const laterSeconds = 900;

export const probe = onSeats(
  probeSeats,
  async ({ anthropic, whom, taken, input }) => {
    const makers = taken.members.map(({ id }) => id);
    const holding = await holdingOf(anthropic, whom.email, makers);
    const removed = taken.members.filter(({ id, state }) => state === 'taken' && holding.members.every((member) => member.id !== id));
    const gone: Seen[] = removed.map(({ id, role }) => ({ kind: 'seat', id, before: role, after: 'removed', grade: 'attested' }));
    if (gone.length === 0 && seenOf(holding).length === 0) return tell('nothing_to_do', [], 'They have nothing at Anthropic');
    const isDead = isGone(holding);
    const seen = [...gone, ...seenOf(holding, isDead ? 'attested' : undefined)];
    if (holding.members.some(isFixed))
      return tell('needs_human', seen, "They are still an owner or admin of Anthropic's organization: remove them by hand");
    const { verdict, watch, waitSeconds, lastedMs } = judge(
      input.watch,
      { state: isDead ? 'dead' : 'alive', picture: JSON.stringify(holding) },
      now(),
      patience,
    );
    if (verdict === 'dead') return { ...tell('done', seen, 'Seat, invites and API keys at Anthropic stayed gone'), watch };
    return isDead
      ? { ...tell('not_yet', seen, 'Nothing of theirs works at Anthropic, as seen once'), watch, wait_seconds: waitSeconds }
      : {
          ...tell('not_yet', seen, 'They are still a member at Anthropic, invited to be one, or a key that they made still works'),
          watch,
          wait_seconds: lastedMs < soonMs ? soonSeconds : laterSeconds,
        };
  },
  { patient: true },
);
