/**
 * Reads Google Workspace's admin audit log from a while before the last look, since entries come late and in no order, and hints at whom they happened to.
 * An activity is done once its hints are written; a crash in between hints twice, and a reading more is all that comes of it.
 */
import { timestamp } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { get, put } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { type Google, googleOf, scopes } from './google.http.ts';
import { Activity, type Heard, hear } from './google-activity.ts';
import { acceptHints, type Hinted } from './hinted.dynamo.ts';
import { peopleByEmail } from './person.dynamo.ts';
import { keepCursor, readCursor } from './polled.dynamo.ts';
import { type Directory, type Unreadable, unreadable } from './truth.ts';
import { isAbsent, readWeb } from './web-directory.http.ts';

export const source = 'google-reports';
/** How late an entry may come and still be heard; the sweep finds the rest. */
const lateMs = 3 * 3_600_000;
const rememberMs = 2 * lateMs;
const maxPages = 100;
const Page = z.object({ items: z.array(z.unknown()).optional(), nextPageToken: z.string().optional() });

/** @returns what kept it from the end: then the next look begins where this one did. */
export async function pollGoogle(table: string, google: Google, directory: Directory, now: number): Promise<Unreadable | undefined> {
  const web = googleOf(google, scopes.reports);
  const last = (await readCursor(table, source, google.issuer)) ?? timestamp(now);
  const query = new URLSearchParams({ startTime: timestamp(Date.parse(last) - lateMs), maxResults: '1000' });
  const first = `${google.url.replace(/\/$/, '')}/admin/reports/v1/activity/users/all/applications/admin?${query}`;
  let url = first;
  for (let pages = 1; ; pages++) {
    if (pages > maxPages) return unreadable('short', `Google's audit log did not end after ${maxPages} pages`);
    const page = await readWeb(web, url, Page);
    if (isAbsent(page)) return page.word === 'deleted' ? unreadable('malformed', 'Google has no audit log here: check the profile') : page;
    for (const item of page.items ?? []) {
      const trouble = await handle(table, google.issuer, directory, item, now);
      if (trouble) return trouble;
    }
    if (page.nextPageToken === undefined) break;
    url = `${first}&pageToken=${encodeURIComponent(page.nextPageToken)}`;
  }
  await keepCursor(table, source, google.issuer, timestamp(now));
  return undefined;
}

async function handle(table: string, issuer: string, directory: Directory, item: unknown, now: number): Promise<Unreadable | undefined> {
  const activity = Activity.safeParse(item);
  if (!activity.success) {
    log.info('event does nothing', { source, reason: 'malformed', detail: z.prettifyError(activity.error) });
    return undefined;
  }
  const { time, uniqueQualifier } = activity.data.id;
  const cause = `${time}/${uniqueQualifier}`;
  const claim = { pk: `CLAIM#${source}#${issuer}#${cause}`, sk: source };
  if (await get(table, claim)) return undefined;
  for (const heard of hear(activity.data)) {
    if (!heard.ok) {
      log.info('event does nothing', { source, cause, ...heard.refusal });
      continue;
    }
    const hints = await hintsOf(table, directory, { issuer, source, cause }, heard.value);
    if (!Array.isArray(hints)) return hints;
    if (hints.length === 0) log.info('event does nothing', { source, cause, reason: 'about nobody whom we or the directory know' });
    await acceptHints(table, hints);
  }
  await put(table, { ...claim, expires_at: Math.ceil((now + rememberMs) / 1000) });
  return undefined;
}

/** Whoever carries the address here, and whoever does in the directory now. */
async function hintsOf(
  table: string,
  directory: Directory,
  about: Pick<Hinted, 'issuer' | 'source' | 'cause'>,
  { emails, group, leaving }: Heard,
): Promise<Hinted[] | Unreadable> {
  // Groups are known by their addresses here, and a deleted one's people by what they had.
  if (group !== undefined) return [{ ...about, leaving, group, group_name: group }];
  const subjects = new Set<string>();
  for (const email of emails) {
    for (const person of await peopleByEmail(table, email))
      for (const one of person.subjects) if (one.issuer === about.issuer) subjects.add(one.subject);
    const search = await directory.findPeople(email);
    // Of an address outside the company Google says no more than that it may not be read.
    if (search.word === 'unreadable' && search.reason !== 'refused') return search;
    if (search.word === 'listed') for (const { profile } of search.people) subjects.add(profile.subject);
  }
  return [...subjects].map((subject) => ({ ...about, leaving, subject }));
}
