/** Turns the directory's answer about one person into a reading that can be settled with their record. */
import type { Reading } from './reconcile.ts';
import type { Found, Truth } from './truth.ts';

export interface Occasion {
  readAt: string;
  source: string;
  cause?: string | undefined;
  /** An event said that they are leaving: the directory then only agrees. */
  leaving?: boolean;
  /** Nobody said anything: a sweep came upon it. */
  inferred?: boolean;
}

/** @param truth what was read, after `occasion.readAt`. */
export function readingOf(truth: Exclude<Truth, { word: 'unreadable' }>, { readAt, source, cause, leaving, inferred }: Occasion): Reading {
  const occasion = { readAt, source, cause };
  if (truth.word === 'deleted') return { ...occasion, status: 'left', evidence: leaving ? 'explicit' : 'inferred' };
  return {
    ...occasion,
    status: statusOf(truth.word),
    profile: { email: truth.profile.email, name: truth.profile.name, groups: truth.groups, groupIds: truth.groupIds },
    changedAt: truth.changedAt,
    evidence: inferred ? 'inferred' : 'explicit',
  };
}

/** An account that is back to never activated cannot sign in; it may yet. */
export function statusOf(word: Found['word']): Reading['status'] {
  switch (word) {
    case 'active':
      return 'active';
    case 'suspended':
    case 'staged':
      return 'suspended';
    case 'deactivated':
      return 'left';
  }
}
