/** The one entry point of every event, whoever sent it: re-reads the person it is about and settles their record. What the event said of them is never believed. */
import { timestamp } from '@gatehouse/runtime/clock';
import { Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import { directoryOf, type Reach } from './configured.directory.ts';
import { personBySubject, settle } from './person.dynamo.ts';
import { readingOf } from './reading.ts';
import { tellRefusedRead } from './refused-read.dynamo.ts';
import { tellUnconfirmedDeparture } from './unconfirmed-departure.dynamo.ts';

/** What an event hints at. */
export interface Hint {
  issuer: string;
  /** Whom it happened to, as tokens of the issuer write them. */
  subject: string;
  /** It says that they are leaving: if nobody can confirm it, their sessions may be shut. */
  leaving: boolean;
  /** What told us: okta-log-stream, okta-hook, entra, scim. */
  source: string;
  /** The source's id of the event. */
  cause: string;
}

/** @throws Unavailable when the directory cannot be read: the event is to come again. */
export async function follow(reach: Reach, { issuer, subject, leaving, source, cause }: Hint, now: number): Promise<void> {
  const table = reach.TABLE_PEOPLE;
  const who = { issuer, subject };
  const nothing = (reason: string) => log.info('event does nothing', { source, cause, subject, reason });
  const directory = await directoryOf(reach, issuer);
  if (!directory) return nothing(`no directory is the truth about people of ${issuer}`);
  const readAt = timestamp();
  const truth = await directory.readPerson(subject);
  if (truth.word === 'unreadable') {
    await tellRefusedRead(table, directory.kind, truth, now);
    if (leaving) await tellUnconfirmedDeparture(table, who, source, cause);
    throw new Unavailable(truth.message);
  }
  if (truth.word === 'staged' && !(await personBySubject(table, who))) return nothing('not activated yet');
  const person = await settle(table, who, readingOf(truth, { readAt, source, cause, leaving }));
  if (!person) nothing('unknown to us and to the directory');
}
