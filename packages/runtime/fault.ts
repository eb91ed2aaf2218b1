/** Faults by literal name: machines and retries match on them, so a name is an interface. */

/** A store or an outside system asked for less traffic. */
export class Throttled extends Error {
  override name = 'Throttled';
}
/** A store or an outside system did not answer, or answered that it cannot. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}
/** An operator has to mend something: a secret, a role, a profile. Retrying does not help. */
export class Misconfigured extends Error {
  override name = 'Misconfigured';
}
/** What a person or a caller wrote cannot be carried out; the message says what to write. */
export class InvalidRequest extends Error {
  override name = 'InvalidRequest';
}
/** Another environment is handling the same event now: try again later. */
export class Busy extends Error {
  override name = 'Busy';
}
