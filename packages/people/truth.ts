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
  /** Names, as the directory writes them. */
  groups: readonly string[];
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
