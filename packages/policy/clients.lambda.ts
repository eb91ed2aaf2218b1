/** `GET /admin/policies/clients`: which clients run under the policy that they were given, which do not, and why it is thought so. Changes nothing. */
import { ok, refuse } from '@gatehouse/core/result';
import { http } from '@gatehouse/runtime/http';
import { apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { standings } from './client.ts';
import { readRoll } from './client-roll.records.ts';
import { countsByGroup, countsOf, type RollEntry } from './client-roll.ts';
import { surface } from './surface.ts';
import { told } from './told.http.ts';

export const env = z.object({
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
  PUBLIC_URL: z.url(),
});
type Env = z.infer<typeof env>;

const page = 200;
const groupsShown = 50;

export const handler = http(
  { surface, env, wire: apiWire },
  {
    clients: told<Env>(async (request, { env }) => {
      const [standing, group] = [request.query.get('standing'), request.query.get('group')];
      if (standing !== null && !standings.some((one) => one === standing))
        return refuse({ reason: 'malformed', detail: `"standing" is one of ${standings.join(', ')}.` });
      const from = Number(request.query.get('next') ?? 0);
      if (!Number.isInteger(from) || from < 0) return refuse({ reason: 'malformed', detail: '"next" is what the page before gave.' });
      const { version, document, roll } = await readRoll({ policy: env.TABLE_POLICY, people: env.TABLE_PEOPLE }, env.PUBLIC_URL);
      const wanted = roll.filter(
        (entry) => (standing === null || entry.standing === standing) && (group === null || entry.person.groups.includes(group)),
      );
      return ok({
        status: 200,
        body: {
          version,
          counts: countsOf(roll),
          groups: document ? countsByGroup(roll, document, groupsShown) : [],
          clients: wanted.slice(from, from + page).map(show),
          next: wanted.length > from + page ? String(from + page) : null,
        },
      });
    }),
  },
);

function show({ standing, because, person, client, expected }: RollEntry): Record<string, unknown> {
  const { session, via, delivered, delivered_at, held, client_version, reported } = client;
  const { id, email, groups } = person;
  return { person: id, email, groups, session, standing, because, via, client_version, delivered, delivered_at, held, expected, reported };
}
