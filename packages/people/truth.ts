/** What a directory can say about one person. `unreadable` is an answer: nothing is ever concluded from it. */

/** The directory's own word. `staged`: an account that was never activated. */
export type Word = 'active' | 'suspended' | 'deactivated' | 'deleted' | 'staged';

export interface Profile {
  /** The directory's immutable id. */
  subject: string;
  email: string;
  name: string;
}

export interface Found {
  word: Exclude<Word, 'deleted'>;
  profile: Profile;
  /** Names, as the directory writes them; undefined where the answer did not say. */
  groups: readonly string[] | undefined;
  /** The directory's ids of the same groups, where it has any: a deleted or renamed one is known by its id. */
  groupIds?: readonly string[];
  /** The directory's time of last change, RFC 3339. */
  changedAt: string | undefined;
}

export interface Unreadable {
  word: 'unreadable';
  reason: 'unreachable' | 'refused' | 'throttled' | 'empty' | 'short' | 'malformed';
  /** What happened and what to do, for a person; no secret. */
  message: string;
}

/** One person by immutable id. `deleted`: the directory itself says that there is no such id. */
export type Truth = Found | { word: 'deleted' } | Unreadable;

/** By what a person may write. */
export type Search = { word: 'listed'; people: readonly Found[] } | Unreadable;

/** A piece of everybody that the directory knows. `next` is absent on the last one. */
export type Page = { word: 'page'; people: readonly Found[]; next: string | undefined } | Unreadable;

/** One directory as the rest of people sees it. Nothing here throws for what the directory does: trouble is `unreadable`. */
export interface Directory {
  issuer: string;
  /** For metrics, logs and facts: okta, entra, cognito, identity-center, auth0, google, scim. */
  kind: string;
  /** @param subject as tokens of the issuer write it. */
  readPerson(subject: string): Promise<Truth>;
  /** Everyone, in any state, whose id, login or e-mail this is. */
  findPeople(wanted: string): Promise<Search>;
  /** @param cursor of an earlier page; absent for the first. */
  readPage(cursor: string | undefined): Promise<Page>;
  /** Subjects of a group's people, by the directory's id of the group; undefined where the directory cannot say. */
  readMembers?(group: string): Promise<{ word: 'members'; subjects: readonly string[] } | Unreadable>;
}

export function unreadable(reason: Unreadable['reason'], message: string): Unreadable {
  return { word: 'unreadable', reason, message };
}
