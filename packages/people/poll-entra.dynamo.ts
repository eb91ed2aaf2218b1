/**
 * Follows a tenant's delta queries from where the last look ended, and hints at whoever changed. The first look only takes the position: the sweep finds
 * what is there already. The race with itself: two looks hint twice, and a reading more is all that comes of it.
 */
import { timestamp } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { type Changes, DeltaPage, deltaQueries, groupsIn, isLost, usersIn } from './entra-delta.ts';
import { type Entra, graphOf } from './graph.http.ts';
import { acceptHints } from './hinted.dynamo.ts';
import { keepCursor, readCursor } from './polled.dynamo.ts';
import { askResync } from './resync.dynamo.ts';
import { type Unreadable, unreadable } from './truth.ts';
import { answerOf, isAbsent, parse, understood } from './web-directory.http.ts';

export const source = 'entra-delta';
/** The rest waits for the next look. */
const maxPages = 100;

/** @returns what kept it from the end. */
export async function pollEntra(table: string, entra: Entra, now: number): Promise<Unreadable | undefined> {
  return (await follow('users', usersIn)) ?? (await follow('groups', groupsIn));

  async function follow(what: keyof typeof deltaQueries, read: (page: DeltaPage) => Changes): Promise<Unreadable | undefined> {
    const graph = graphOf(entra);
    const start = `${entra.url}${deltaQueries[what]}`;
    const name = `${source}-${what}`;
    const cause = `delta/${timestamp(now)}`;
    const about = { issuer: entra.issuer, source, cause };
    let url = (await readCursor(table, name, entra.issuer)) ?? start;
    for (let page = 1; page <= maxPages; page++) {
      const answer = await answerOf(graph, url, { prefer: 'return=minimal' });
      if ('word' in answer) return answer;
      if (isLost(answer.status, parse(answer))) {
        log.warn('delta state is lost: everybody is read again', { source, what });
        await askResync(table, entra.issuer, now);
        await keepCursor(table, name, entra.issuer, start);
        return undefined;
      }
      const changes = understood(graph, answer, DeltaPage);
      if (isAbsent(changes)) return changes.word === 'deleted' ? unreadable('malformed', 'Graph has no delta of these') : changes;
      const { users, groups } = read(changes);
      await acceptHints(table, [
        ...users.map(({ id, leaving }) => ({ ...about, leaving, subject: `${entra.tenant}/${id}` })),
        ...groups.map((group) => ({ ...about, leaving: false, group })),
      ]);
      const { '@odata.nextLink': next, '@odata.deltaLink': delta } = changes;
      const on = next ?? delta;
      if (on === undefined) return unreadable('malformed', 'Graph gave a delta neither a next page nor an end');
      await keepCursor(table, name, entra.issuer, on);
      if (next === undefined) return undefined;
      url = next;
    }
    return undefined;
  }
}
