/** Shows admins who somebody is: by e-mail, by our id or by the directory's. From the records alone; it reads no directory. */
import { Grant, grant } from '@gatehouse/contracts/records/grant';
import type { Person } from '@gatehouse/contracts/records/person';
import { PersonId } from '@gatehouse/core/ids';
import { PeopleConfig } from '@gatehouse/core/people-profile';
import { json } from '@gatehouse/runtime/environment';
import { http } from '@gatehouse/runtime/http';
import { query } from '@gatehouse/runtime/table';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { peopleByEmail, personById, personBySubject } from './person.dynamo.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_PEOPLE: z.string(),
  TABLE_LIFECYCLE: z.string(),
  TABLE_ACCESS: z.string(),
  TABLE_POLICY: z.string(),
  CONFIG: json(PeopleConfig),
});

export const handler = http(
  { surface, env, wire: apiWire },
  {
    people: async (request, { env }) => {
      const email = request.query.get('email')?.trim();
      const id = request.query.get('id')?.trim();
      if (!email === !id)
        return apiError(400, 'invalid_request_error', 'Write one of ?email=alice@example.com and ?id=per_...', request.requestId);
      const found = email ? await peopleByEmail(env.TABLE_PEOPLE, email) : await byId(env, id ?? '');
      return {
        status: 200,
        headers: { 'cache-control': 'no-store' },
        body: { people: await Promise.all(found.map((person) => show(env.TABLE_LIFECYCLE, person))) },
      };
    },
  },
);

async function byId({ TABLE_PEOPLE, CONFIG }: z.infer<typeof env>, id: string): Promise<Person[]> {
  if (PersonId.safeParse(id).success) return [await personById(TABLE_PEOPLE, id)].filter((person) => person !== undefined);
  const found = await Promise.all(CONFIG.directory.map(({ issuer }) => personBySubject(TABLE_PEOPLE, { issuer, subject: id })));
  return found.filter((person) => person !== undefined);
}

/** `grants` are what Gatehouse itself gave them in other systems, found there, or is about to give. */
async function show(table: string, { id, email, name, status, groups, generation, hold, subjects, read_at }: Person) {
  const rows = await query(table, grant.key(id, { system: '', kind: '', alias: '' }).pk);
  const grants = rows.map((row) => Grant.parse(row)).filter(({ state }) => state !== 'taken');
  return { id, email, name, status, groups, generation, hold, subjects, read_at, grants };
}
