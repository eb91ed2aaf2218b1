/** Reads the directory now, settles what changed, and says what is true. It decides nothing about access. */
import { Person } from '@gatehouse/contracts/records/person';
import { confirmTruth } from '@gatehouse/contracts/steps/people';
import { timestamp } from '@gatehouse/runtime/clock';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { directoryOf, isDirectory, reach } from './configured.directory.ts';
import { isEntitled } from './entitlement.dynamo.ts';
import { personById, settle } from './person.dynamo.ts';
import { readingOf } from './reading.ts';
import { tellRefusedRead } from './refused-read.dynamo.ts';

export const env = z.object({
  TABLE_POLICY: z.string(),
  ...reach,
});
type Confirmed = z.infer<typeof confirmTruth.output>;

export const handler = onStep(confirmTruth, env, async (input, { env, now }): Promise<Confirmed> => {
  const { TABLE_PEOPLE: table, TABLE_POLICY } = env;
  const stored = await personById(table, input.person);
  if (!stored) throw new Misconfigured(`${input.person} is nobody here: the case names a person that was never admitted`);
  const entitled = (person: Person) => isEntitled(TABLE_POLICY, { person: person.id, email: person.email, groups: person.groups });

  const who = stored.subjects.find(({ issuer }) => isDirectory(env, issuer));
  const directory = who && (await directoryOf(env, who.issuer));
  if (!directory)
    return unread(stored, `No directory is the truth about people of ${stored.subjects[0]?.issuer ?? 'no issuer'}`, await entitled(stored));

  const readAt = timestamp();
  const truth = await directory.readPerson(who.subject);
  if (truth.word === 'unreadable') {
    await tellRefusedRead(table, directory.kind, truth, now);
    return unread(stored, truth.message, await entitled(stored));
  }
  // Another reading may have begun later and settled first: then its word stands, and is the one to answer.
  const person = Person.parse(await settle(table, who, readingOf(truth, { readAt, source: 'confirm-truth', cause: input.case_id })));
  const agrees = person.read_at === readAt;
  return {
    truth: person.status === 'active' ? 'active' : 'left',
    detail: agrees ? truth.word : person.status,
    groups: person.groups,
    entitled: await entitled(person),
    generation: person.generation,
    hold: person.hold,
    read_at: person.read_at,
  };
});

/** What the record says stands beside it, for people to read; no machine acts on it. */
function unread({ groups, generation, hold, read_at }: Person, detail: string, entitled: boolean): Confirmed {
  return { truth: 'unreadable', detail, groups, entitled, generation, hold, read_at };
}
