/** What one look at a profile or an account found. Shapes only. */

export interface Finding {
  /** What was looked at, in few words. */
  check: string;
  /** `unknown`: it could not be looked at, which is no proof of anything. */
  state: 'ok' | 'wrong' | 'unknown';
  says: string;
  /** What to do about it; with `wrong` always. */
  mend?: string;
}

export function ok(check: string, says: string): Finding {
  return { check, state: 'ok', says };
}
export function wrong(check: string, says: string, mend: string): Finding {
  return { check, state: 'wrong', says, mend };
}
export function unknown(check: string, says: string): Finding {
  return { check, state: 'unknown', says };
}
