/** Judges what the surfaces answered to a dead person's own credentials. Pure: who asks and waits is elsewhere. */

export type Surface = 'managed settings' | 'telemetry' | 'refresh';

/** dead: refused for good; alive: let in; unknown: no answer that says either; absent: no such surface in this deployment. */
export type Verdict = 'dead' | 'alive' | 'unknown' | 'absent';

export interface Look {
  /** Whose credential was tried. */
  session: string;
  surface: Surface;
  verdict: Verdict;
}

export interface Heard {
  status: number;
  /** `error` of an OAuth answer. */
  error?: unknown;
  /** API Gateway's own `x-amzn-errortype`. */
  gatewayError?: string | null;
}

/** By status, as the wire says it: 401 is a dead session; a policy's 403 would be a living one. API Gateway answers a path that it does not serve with a 403 of its own. */
export function verdictOf(surface: Surface, { status, error, gatewayError }: Heard): Verdict {
  if (status === 404 || (status === 403 && gatewayError?.startsWith('MissingAuthenticationToken'))) return 'absent';
  if (surface === 'refresh') {
    if ((status === 400 || status === 401) && error === 'invalid_grant') return 'dead';
    return status === 200 ? 'alive' : 'unknown';
  }
  if (status === 401) return 'dead';
  return status >= 200 && status < 500 && status !== 429 ? 'alive' : 'unknown';
}

/** A session is as dead as its liveliest surface. */
export function worstOf(looks: readonly Look[], session: string): Verdict {
  const seen = looks.filter((look) => look.session === session && look.verdict !== 'absent').map(({ verdict }) => verdict);
  if (seen.length === 0) return 'unknown';
  return (['alive', 'unknown'] as const).find((verdict) => seen.includes(verdict)) ?? 'dead';
}
