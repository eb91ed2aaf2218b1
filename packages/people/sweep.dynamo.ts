/**
 * Sweeps one directory: lists everybody, compares with the record, and reads again who differs. Whoever is missing from the list is read alone
 * before anything is concluded; the first one who turns out to be there shows that the list was short, and then nobody is. What a sweep finds is
 * inferred: whether a wave of it is cut is a person's decision. The race with events: a reading that began later stands.
 */
import { timestamp } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { inParallel } from './parallel.ts';
import { everyPerson, settle } from './person.dynamo.ts';
import { readingOf } from './reading.ts';
import { tellRefusedRead } from './refused-read.dynamo.ts';
import { endResync, resyncAskedAt } from './resync.dynamo.ts';
import { addUnknown, type Entry, isEmpty, type Plan, plan, startPlan } from './sweep.ts';
import { type Directory, type Unreadable, unreadable } from './truth.ts';

export interface Swept {
  listed: number;
  known: number;
  left: number;
  changed: number;
  joined: number;
  refreshed: number;
  /** To be read, and left for the next sweep. */
  waiting: number;
  refused: Unreadable['reason'] | undefined;
}

export interface Bounds {
  now(): number;
  /** No reading begins after this, ms. */
  deadline: number;
  /** Readings of single people. */
  maxReads: number;
}

const maxPages = 5_000;
const source = 'sweep';

export async function sweepDirectory(table: string, directory: Directory, bounds: Bounds): Promise<Swept> {
  const began = bounds.now();
  const swept: Swept = { listed: 0, known: 0, left: 0, changed: 0, joined: 0, refreshed: 0, waiting: 0, refused: undefined };
  const refuse = async (trouble: Unreadable) => {
    await tellRefusedRead(table, directory.kind, trouble, bounds.now());
    swept.refused = trouble.reason;
  };
  const listed = await listEverybody(directory, bounds);
  if (!(listed instanceof Map)) {
    await refuse(listed);
    return swept;
  }
  swept.listed = listed.size;
  const planned = startPlan();
  const resync = await resyncAskedAt(table, directory.issuer);
  for await (const person of everyPerson(table)) {
    const who = person.subjects.find(({ issuer }) => issuer === directory.issuer);
    if (who) plan(planned, person, who.subject, listed, began, resync);
  }
  swept.known = planned.known;
  if (isEmpty(planned, swept.listed)) {
    await refuse(unreadable('empty', `The ${directory.kind} directory lists nobody, and ${planned.known} people are known`));
    return swept;
  }
  addUnknown(planned, listed);
  listed.clear();
  const trouble = await readAgain(table, directory, planned, swept, bounds);
  if (trouble) await refuse(trouble);
  else if (resync !== undefined && swept.waiting === 0) await endResync(table, directory.issuer, resync);
  return swept;
}

async function listEverybody(directory: Directory, { now, deadline }: Bounds): Promise<Map<string, Entry> | Unreadable> {
  const listed = new Map<string, Entry>();
  let cursor: string | undefined;
  for (let pages = 0; pages === 0 || cursor !== undefined; pages++) {
    if (pages === maxPages || now() > deadline)
      return unreadable('short', `The ${directory.kind} directory did not end after ${pages} pages`);
    const page = await directory.readPage(cursor);
    if (page.word === 'unreadable') return page;
    for (const { word, profile } of page.people) listed.set(profile.subject, { word, email: profile.email, name: profile.name });
    if (page.next !== undefined && page.next === cursor)
      return unreadable('malformed', `The ${directory.kind} directory pages in a circle`);
    cursor = page.next;
  }
  return listed;
}

type Finding = 'left' | 'changed' | 'joined' | 'refreshed';

async function readAgain(
  table: string,
  directory: Directory,
  planned: Plan,
  swept: Swept,
  bounds: Bounds,
): Promise<Unreadable | undefined> {
  const cause = `sweep/${timestamp(bounds.now())}`;
  let trouble: Unreadable | undefined;
  let reads = 0;
  const mayRead = () => trouble === undefined && reads < bounds.maxReads && bounds.now() < bounds.deadline;

  async function readOne(subject: string, finding: Finding): Promise<void> {
    if (!mayRead()) {
      swept.waiting++;
      return;
    }
    reads++;
    const readAt = timestamp();
    const truth = await directory.readPerson(subject);
    if (truth.word === 'unreadable') trouble ??= truth;
    else if (finding === 'left' && truth.word !== 'deleted')
      trouble ??= unreadable(
        'short',
        `The ${directory.kind} directory left out somebody whom it knows: nothing is concluded from its list`,
      );
    else if (truth.word === 'staged' && finding === 'joined') return;
    else {
      await settle(table, { issuer: directory.issuer, subject }, readingOf(truth, { readAt, source, cause, inferred: true }));
      swept[finding]++;
    }
  }

  // One by one: the first who is there after all speaks for the others.
  for (const subject of planned.missing) await readOne(subject, 'left');
  await inParallel(planned.changed, (subject) => readOne(subject, 'changed'));
  await inParallel(planned.unknown, (subject) => readOne(subject, 'joined'));
  await inParallel(planned.old, (subject) => readOne(subject, 'refreshed'));
  return trouble;
}

/** For the log and the dashboard. */
export function tellSwept(kind: string, issuer: string, swept: Swept, seconds: number, now: number): void {
  const { listed, left, waiting, refused } = swept;
  log.info('directory swept', { kind, issuer, ...swept, seconds });
  const values = {
    SweepSeconds: { unit: 'Seconds' as const, value: seconds },
    SweepListed: { unit: 'Count' as const, value: listed },
    SweepLeft: { unit: 'Count' as const, value: left },
    SweepWaiting: { unit: 'Count' as const, value: waiting },
  };
  measure([{ dimensions: { source: kind }, sets: [['source']], values, properties: { refused: refused ?? 'no' } }], now);
}
