/** Decides whether something that a system gave out is an orphan, when it is told of, and which may be blocked. It touches nothing. */
import type { Orphan } from '@gatehouse/contracts/records/orphan';
import type { Person } from '@gatehouse/contracts/records/person';
import type { Holder } from '@gatehouse/contracts/steps/orphans';

/** Under what names people are known anywhere, and whether they are here. */
export class Roll {
  // A class for its one table, which holds every name of a hundred thousand people once.
  private readonly names = new Map<string, 'here' | 'left'>();

  /** Somebody suspended is here: their case takes their keys, not this. */
  add({ id, email, subjects, status }: Pick<Person, 'id' | 'email' | 'subjects' | 'status'>): void {
    for (const name of [id, email, ...subjects.map(({ subject }) => subject)])
      if (status !== 'left' || !this.names.has(name.toLowerCase())) this.names.set(name.toLowerCase(), status === 'left' ? 'left' : 'here');
  }
  /** A system's own id of somebody, by an address of theirs: as good a name as that. */
  alias(name: string, of: readonly string[]): void {
    const known = this.find(of);
    if (known) this.names.set(name.toLowerCase(), known);
  }
  find(names: readonly string[]): 'here' | 'left' | undefined {
    const known = names.map((name) => this.names.get(name.toLowerCase()));
    return known.includes('here') ? 'here' : known.includes('left') ? 'left' : undefined;
  }
}

/** Undefined: it has a person, or can do no harm. */
export function reasonOf({ names, live }: Holder, roll: Roll, ignored: ReadonlySet<string>): Orphan['reason'] | undefined {
  if (!live || names.some((name) => ignored.has(name.toLowerCase()))) return undefined;
  if (names.length === 0) return 'ownerless';
  const found = roll.find(names);
  return found === 'here' ? undefined : found === 'left' ? 'left' : 'unknown';
}

/** Between the first look that sees it and the one that tells of it: a joiner may be on their way, and a leaver's case at work. */
const sureMs = 3_600_000;

export function isSure({ first_seen_at: since }: Orphan, now: number): boolean {
  return now - Date.parse(since) >= sureMs;
}

export interface Rule {
  block_after_hours?: number | undefined;
  at_most: number;
}

export interface Sentence {
  block: Orphan[];
  /** More than the rule may block by itself: an admin decides. */
  held: Orphan[];
}

/** Keys only, and none that never had an owner, unless an admin says so: a service's key has none by design. */
export function sentence(orphans: readonly Orphan[], { block_after_hours: hours, at_most: atMost }: Rule, now: number): Sentence {
  const open = orphans.filter((one) => isKey(one) && one.told_at !== undefined && one.blocked_at === undefined);
  const asked = open.filter(({ decision }) => decision === 'block');
  const due =
    hours === undefined
      ? []
      : open.filter(
          ({ decision, reason, told_at: told }) =>
            decision === undefined && reason !== 'ownerless' && now - Date.parse(told ?? '') >= hours * 3_600_000,
        );
  return due.length > atMost ? { block: asked, held: due } : { block: [...asked, ...due], held: [] };
}

function isKey({ kind }: Pick<Orphan, 'kind'>): boolean {
  return kind === 'virtual-key' || kind === 'api-key';
}
