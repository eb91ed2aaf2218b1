/**
 * Invites a person to Anthropic's organization, and takes the seat back by name. Whoever is a member or invited already keeps what they have. Where a
 * directory gives the seats, this only looks whether it has.
 */
import type { Given, GrantOutput } from '@gatehouse/contracts/steps/grant';
import { grantSeats, withdrawSeats } from '@gatehouse/contracts/steps/seats';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { onStep } from '@gatehouse/runtime/step';
import { holdingOf, invite, removeMember, withdrawInvite } from './anthropic.http.ts';
import { forgetGivenSeat, rememberGivenSeat, seatGivenBy } from './given-seat.dynamo.ts';
import { given, isTheirTurn, notTheirTurn } from './giving.ts';
import { atAnthropic, env, noOrganization, tell, waitAfter, whomOf } from './scene.anthropic.ts';
import { isFixed, type Seen, seenOf } from './seat.ts';

export { env };

/** The roles that may use Claude Code and no more, by kind of organization. */
const roles = { console: 'claude_code_user', enterprise: 'user' } as const;
const busySeconds = 30;

export const grant = onStep(grantSeats, env, async (input, { env }): Promise<GrantOutput> => {
  const all = (state: Given['state']): Given[] => input.wanted.map(({ alias }) => ({ alias, state }));
  const none = given('nothing_to_do', all('refused'), [], noOrganization);
  if (input.wanted.length === 0) return given('nothing_to_do', [], [], 'No seat is wanted');
  if (!env.CONFIG.anthropic) return none;
  const whom = await whomOf(env, input.person);
  if (!isTheirTurn(whom, input)) return given('nothing_to_do', all('refused'), [], notTheirTurn);
  try {
    const answer = await atAnthropic(env, { id: input.case_id, kind: grantSeats.name }, async (anthropic): Promise<GrantOutput> => {
      const holding = { ...(await holdingOf(anthropic, whom.email, [])), keys: [] };
      const ours = (await seatGivenBy(env.TABLE_KEYS, input.person)) !== undefined;
      const { targets } = tell('done', seenOf(holding), '');
      if (holding.members.length + holding.invites.length > 0)
        return given(
          ours ? 'done' : 'nothing_to_do',
          all(ours ? 'given' : 'found'),
          targets,
          'They have a seat at Anthropic, or an invite to one',
        );
      if (input.dry_run) return given('done', all('given'), [], 'They would be invited at Anthropic');
      await rememberGivenSeat(env.TABLE_KEYS, input.person, input.case_id);
      const invited = await invite(anthropic, whom.email, roles[anthropic.config.kind]);
      if (!('message' in invited)) {
        // The answer to our own write is no proof.
        const now = await holdingOf(anthropic, whom.email, []);
        return now.members.length + now.invites.length > 0
          ? given('done', all('given'), [], 'They are invited at Anthropic; the invite ends after 21 days')
          : given('not_yet', [], [], 'Anthropic says that they are invited, and shows no invite', busySeconds);
      }
      await forgetGivenSeat(env.TABLE_KEYS, input.person);
      switch (invited.outcome) {
        case 'managed':
          return given(
            'delegated',
            all('refused'),
            [],
            'Their seat at Anthropic comes from the directory: assign the application to them there',
          );
        case 'full':
          return given(
            'needs_human',
            all('refused'),
            [],
            `No seat is free at Anthropic (${invited.message}): free or buy one, then start the onboarding again`,
          );
        case 'refused':
          return given('needs_human', all('refused'), [], `Anthropic does not invite them: ${invited.message}`);
      }
    });
    return answer ?? none;
  } catch (error) {
    const wait = waitAfter(error);
    if (wait === undefined) throw error;
    return given('not_yet', [], [], (error as Error).message, wait);
  }
});

export const withdraw = onStep(withdrawSeats, env, async (input, { env }): Promise<StepOutput> => {
  const none = tell('nothing_to_do', [], noOrganization);
  if (!env.CONFIG.anthropic) return none;
  if (input.aliases.length === 0) return tell('nothing_to_do', [], 'No seat is to be taken');
  const by = await seatGivenBy(env.TABLE_KEYS, input.person);
  if (by === undefined || (input.scope === 'this_case' && by !== input.case_id))
    return tell('nothing_to_do', [], 'No seat at Anthropic was given that could be taken back');
  const whom = await whomOf(env, input.person);
  try {
    const answer = await atAnthropic(env, { id: input.case_id, kind: withdrawSeats.name }, async (anthropic): Promise<StepOutput> => {
      const { members, invites } = await holdingOf(anthropic, whom.email, []);
      if (input.dry_run) return tell('done', seenOf({ members, invites, keys: [] }), 'Their seat at Anthropic would be taken');
      const seen: Seen[] = [];
      for (const { id } of invites) {
        await withdrawInvite(anthropic, id);
        seen.push({ kind: 'invite', id, before: 'pending', after: 'withdrawn' });
      }
      for (const member of members) {
        const removal = isFixed(member) ? 'fixed' : await removeMember(anthropic, member);
        if (removal !== 'removed' && removal !== 'gone')
          return tell(
            'needs_human',
            seen,
            `Anthropic does not remove them (${removal}): remove them by hand in the organization's settings`,
          );
        seen.push({ kind: 'seat', id: member.id, before: member.role, after: 'removed' });
      }
      const left = seen.length > 0 ? await holdingOf(anthropic, whom.email, []) : { members: [], invites: [] };
      if (left.members.length + left.invites.length > 0)
        return { ...tell('not_yet', seen, 'Anthropic says that the seat is taken, and still shows it'), wait_seconds: busySeconds };
      await forgetGivenSeat(env.TABLE_KEYS, input.person);
      return tell('done', seen, 'The seat at Anthropic that Gatehouse gave is taken back');
    });
    return answer ?? none;
  } catch (error) {
    const wait = waitAfter(error);
    if (wait === undefined) throw error;
    return { ...tell('not_yet', [], (error as Error).message), wait_seconds: wait };
  }
});
