/** Hears what hooks accepted: re-reads whom a hint is about; of a group it makes a hint for each of its people. */
import { PeopleConfig } from '@gatehouse/core/people-profile';
import { identityHinted } from '@gatehouse/events/identity-hinted';
import { json } from '@gatehouse/runtime/environment';
import { onFact } from '@gatehouse/runtime/event';
import { Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { directoryOf } from './configured.directory.ts';
import { follow } from './follow.dynamo.ts';
import { acceptHints } from './hinted.dynamo.ts';
import { inParallel } from './parallel.ts';
import { everyPerson } from './person.dynamo.ts';
import { tellRefusedRead } from './refused-read.dynamo.ts';

export const env = z.object({
  TABLE_PEOPLE: z.string(),
  CONFIG: json(PeopleConfig),
  SECRET_DIRECTORY_TOKEN_ARN: z.string(),
  SECRET_GRAPH_CLIENT_ARN: z.string(),
});

export const handler = onFact(
  { env, table: ({ TABLE_PEOPLE }) => TABLE_PEOPLE, consumer: 'hear-hints' },
  identityHinted,
  async ({ issuer, subject, group, group_name: name, leaving, source, cause }, { env, now }) => {
    if (subject !== undefined) return follow(env, { issuer, subject, leaving, source, cause }, now);
    const directory = await directoryOf(env, issuer);
    if (group === undefined || !directory?.readMembers) return log.info('event does nothing', { source, cause, reason: 'about nobody' });
    const members = await directory.readMembers(group);
    if (members.word === 'unreadable') {
      await tellRefusedRead(env.TABLE_PEOPLE, directory.kind, members, now);
      throw new Unavailable(members.message);
    }
    const about = (one: string) => ({ issuer, subject: one, leaving: false, source, cause });
    const subjects = new Set(members.subjects);
    if (name !== undefined)
      for await (const person of everyPerson(env.TABLE_PEOPLE))
        if (person.groups.includes(name)) for (const one of person.subjects) if (one.issuer === issuer) subjects.add(one.subject);
    await inParallel([...subjects], (one) => acceptHints(env.TABLE_PEOPLE, [about(one)]));
  },
);
