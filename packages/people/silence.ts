/** How long each event source may say nothing before it counts as silent: what the profile says, and otherwise what its directories and hooks imply. It looks at no clock. */
import type { PeopleConfig } from '@gatehouse/core/people-profile';

/** Directories that are asked every five minutes are heard each time. */
const askedSeconds = 3_600;
/** Events come as people do: a week without a joiner, a mover or a leaver is rare, and a dead stream is not. */
const toldSeconds = 7 * 86_400;

/**
 * Seconds by source. Of Okta's two channels the hook counts where there is one. Security events, token revocations and logouts are rare:
 * nothing is concluded from their silence unless the profile says so.
 */
export function silenceLimits({ directory, hooks, scim, sources }: PeopleConfig): ReadonlyMap<string, number> {
  const has = (...kinds: string[]) => directory.some(({ kind }) => kinds.includes(kind));
  const implied: [string, number, boolean][] = [
    ['okta-hook', toldSeconds, hooks.okta !== undefined],
    ['okta-log-stream', toldSeconds, has('okta') && hooks.okta === undefined],
    ['entra', toldSeconds, hooks.entra !== undefined],
    ['entra-delta', askedSeconds, has('entra')],
    ['google-reports', askedSeconds, has('google')],
    ['auth0', toldSeconds, has('auth0')],
    ['cloudtrail', toldSeconds, has('cognito', 'identity-center')],
    ['authentik', toldSeconds, hooks.authentik !== undefined],
    ['scim', toldSeconds, scim !== undefined],
  ];
  const limits = new Map(implied.filter(([, , expected]) => expected).map(([name, seconds]) => [name, seconds]));
  for (const [name, { silent_after_seconds: seconds }] of Object.entries(sources)) limits.set(name, seconds);
  return limits;
}
