/**
 * The steps over one person's seat at Anthropic: find, block, unblock, purge. Removing a member cannot be undone: they are invited again. Keys that
 * they made live on without them, so those are switched off first. Nothing here proves anything: the probe does.
 */
import { blockSeats, findSeats, purgeSeats, unblockSeats } from '@gatehouse/contracts/steps/seats';
import { holdingOf, invite, removeMember, setKeyStatus, withdrawInvite } from './anthropic.http.ts';
import { onSeats, type Scene, tell } from './scene.anthropic.ts';
import { isFixed, type Member, type Seen, seenOf } from './seat.ts';
import { forgetTaken, givenBack, rememberKey, rememberMember } from './taken-seat.dynamo.ts';

export { env } from './scene.anthropic.ts';

export const find = onSeats(findSeats, async (scene) => {
  const seen = seenOf(await held(scene));
  return tell(seen.length > 0 ? 'done' : 'nothing_to_do', seen, `${count(seen)} found at Anthropic`);
});

export const block = onSeats(
  blockSeats,
  async (scene) => {
    const { anthropic, table, input } = scene;
    const holding = await held(scene);
    if (input.dry_run) return tell('done', seenOf(holding), `${count(seenOf(holding))} would be taken at Anthropic`);
    const seen: Seen[] = [];
    for (const { id, status } of holding.keys) {
      if (status === 'active') await rememberKey(table, input.person, id);
      const off = status === 'active' && (await setKeyStatus(anthropic, id, 'inactive'));
      seen.push({ kind: 'api-key', id, before: status, after: off ? 'inactive' : status });
    }
    for (const { id } of holding.invites) {
      await withdrawInvite(anthropic, id);
      seen.push({ kind: 'invite', id, before: 'pending', after: 'withdrawn' });
    }
    const removals = [];
    for (const member of holding.members) removals.push(await remove(scene, member));
    seen.push(...removals.map(({ seen }) => seen));
    const worst = worstOf(removals);
    if (worst) return tell(worst.outcome, seen, worst.message);
    return tell(seen.length > 0 ? 'done' : 'nothing_to_do', seen, `${count(seen)} taken at Anthropic`);
  },
  { patient: true },
);

interface Removed {
  seen: Seen;
  trouble?: { outcome: 'not_yet' | 'delegated' | 'needs_human'; message: string };
}

async function remove({ anthropic, table, input }: Scene, member: Member): Promise<Removed> {
  const { id, role } = member;
  const seen = (after: string): Seen => ({ kind: 'seat', id, before: role, after });
  const stays = (outcome: NonNullable<Removed['trouble']>['outcome'], message: string) => ({
    seen: seen(role),
    trouble: { outcome, message },
  });
  if (isFixed(member))
    return stays('needs_human', `Anthropic's API removes nobody with the role ${role}: remove them by hand in the organization's settings`);
  await rememberMember(table, input.person, member);
  const removal = await removeMember(anthropic, member);
  switch (removal) {
    case 'removed':
    case 'gone':
      return { seen: seen('removed') };
    case 'busy':
      return stays('not_yet', "Another change of the organization's members is under way");
    case 'managed':
      return stays('delegated', 'Membership at Anthropic follows the identity provider, which takes this seat; the probe watches it go');
    case 'last':
      return stays(
        'needs_human',
        'They are the last member of the organization at Anthropic: add another one, then start the offboarding again',
      );
  }
}

function worstOf(removals: readonly Removed[]): Removed['trouble'] {
  for (const outcome of ['needs_human', 'not_yet', 'delegated'] as const) {
    const found = removals.find(({ trouble }) => trouble?.outcome === outcome);
    if (found) return found.trouble;
  }
  return undefined;
}

/** Only what Gatehouse took: keys work again, and whoever lost their seat is invited to one. */
export const unblock = onSeats(
  unblockSeats,
  async (scene) => {
    const { anthropic, table, input, whom, taken } = scene;
    const lost = taken.members.find(({ state }) => state === 'taken');
    if (!lost && taken.keys.length === 0) return tell('nothing_to_do', [], 'Gatehouse has taken nothing at Anthropic');
    const holding = await held(scene);
    if (input.dry_run) return tell('done', seenOf(holding), 'What Gatehouse took at Anthropic would be given back');
    const seen: Seen[] = [];
    for (const { id, status } of holding.keys.filter(({ id }) => taken.keys.includes(id))) {
      const on = status === 'inactive' && (await setKeyStatus(anthropic, id, 'active'));
      seen.push({ kind: 'api-key', id, before: status, after: on ? 'active' : status });
    }
    const isBack = holding.members.length + holding.invites.length > 0;
    const invited = lost && !isBack ? await invite(anthropic, whom.email, lost.role) : undefined;
    if (lost) seen.push({ kind: 'seat', id: lost.id, before: 'removed', after: isBack ? 'member' : (invited?.outcome ?? 'removed') });
    if (invited && 'message' in invited)
      return invited.outcome === 'managed'
        ? tell('delegated', seen, 'Membership at Anthropic follows the identity provider, which gives the seat back')
        : tell('needs_human', seen, `Anthropic does not invite them again: ${invited.message}`);
    if (invited) {
      const now = await held(scene);
      if (now.members.length + now.invites.length === 0)
        return tell('needs_human', seen, 'Anthropic says that they are invited again, and shows no invite: invite them by hand');
    }
    await givenBack(table, input.person, taken);
    return tell('done', seen, `${count(seen)} given back at Anthropic`);
  },
  { patient: true },
);

export const purge = onSeats(
  purgeSeats,
  async (scene) => {
    const { anthropic, table, input, taken } = scene;
    const holding = await held(scene);
    const found = seenOf(holding);
    if (input.dry_run) return tell('done', found, `${count(found)} would be ended at Anthropic`);
    if (holding.members.length > 0) return tell('needs_human', found, 'They are a member at Anthropic again: start the offboarding again');
    const seen: Seen[] = [];
    for (const { id } of holding.invites) {
      await withdrawInvite(anthropic, id);
      seen.push({ kind: 'invite', id, before: 'pending', after: 'withdrawn' });
    }
    for (const { id, status } of holding.keys.filter(({ status }) => status !== 'archived')) {
      const ended = await setKeyStatus(anthropic, id, 'archived');
      seen.push({ kind: 'api-key', id, before: status, after: ended ? 'archived' : status });
    }
    await forgetTaken(table, input.person, taken);
    return tell(seen.length > 0 ? 'done' : 'nothing_to_do', seen, `${count(seen)} ended at Anthropic`);
  },
  { patient: true },
);

function held({ anthropic, whom, taken }: Scene) {
  return holdingOf(
    anthropic,
    whom.email,
    taken.members.map(({ id }) => id),
  );
}

function count(seen: readonly Seen[]): string {
  const of = (kind: Seen['kind']) => seen.filter((one) => one.kind === kind).length;
  return `${of('seat')} seats, ${of('invite')} invites and ${of('api-key')} API keys`;
}
