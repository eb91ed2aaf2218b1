/** Hears what hooks accepted: re-reads whom a hint is about; of a group it makes a hint for each of its people. */
import { identityHinted } from '@gatehouse/events/identity-hinted';
import { onFact } from '@gatehouse/runtime/event';
import { Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { directoryOf, reach } from './configured.directory.ts';
import { follow } from './follow.dynamo.ts';
import { acceptHints } from './hinted.dynamo.ts';
import { inParallel } from './parallel.ts';
import { everyPerson } from './person.dynamo.ts';
import { tellRefusedRead } from './refused-read.dynamo.ts';

export const env = z.object(reach);

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
    // A deleted group has no members any more, and a renamed one is held by its former name: whoever is known to be in it is looked at too.
    for await (const person of everyPerson(env.TABLE_PEOPLE))
      if (person.group_ids?.includes(group) || (name !== undefined && person.groups.includes(name)))
        for (const one of person.subjects) if (one.issuer === issuer) subjects.add(one.subject);
    if (subjects.size === 0) log.info('event does nothing', { source, cause, reason: 'nobody is in the group, and nobody was' });
    await inParallel([...subjects], (one) => acceptHints(env.TABLE_PEOPLE, [about(one)]));
  },
);
