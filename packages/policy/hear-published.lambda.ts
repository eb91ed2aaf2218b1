/**
 * Hears that a version is in force and tells of everybody whom it admits or refuses unlike the one before it, or entitles to something else
 * elsewhere: lifecycle gives and takes what they hold there. The gateway itself needs no telling: it reads the head with every call. Cuts nobody.
 */
import { createHash } from 'node:crypto';
import { encodeId } from '@gatehouse/core/ids';
import { entitlementChanged } from '@gatehouse/events/entitlement-changed';
import { policyPublished } from '@gatehouse/events/policy-published';
import { onFact } from '@gatehouse/runtime/event';
import { log } from '@gatehouse/runtime/log';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { transact, type Write } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { entitlementChanges } from './entitlement.ts';
import { activePeople } from './people.records.ts';
import { documentAt } from './store.dynamodb.ts';

export const env = z.object({ TABLE_POLICY: z.string().min(1), TABLE_PEOPLE: z.string().min(1) });

/** TransactWriteItems takes a hundred. */
const factsAWrite = 100;

export const handler = onFact(
  { env, table: ({ TABLE_POLICY }) => TABLE_POLICY, consumer: 'hear-published' },
  policyPublished,
  async ({ id: cause, version, author }, { env, now }) => {
    const [before, after] = [await documentAt(env.TABLE_POLICY, version - 1), await documentAt(env.TABLE_POLICY, version)];
    if (!after) throw new TypeError(`Version ${version} was published and cannot be read`);
    const changes = before ? entitlementChanges(await activePeople(env.TABLE_PEOPLE), before, after) : [];
    // Leaving and moving are two waves: who asks about the one does not count the other.
    const waves = [changes.filter(({ grants }) => !grants), changes.filter(({ grants }) => grants)];
    const told = waves.flatMap((wave) => wave.map((change, place) => ({ ...change, place, wave: wave.length })));
    for (let at = 0; at < told.length; at += factsAWrite) {
      const facts = told.slice(at, at + factsAWrite).map(({ person, admitted, grants, place, wave }) =>
        publish(env.TABLE_POLICY, entitlementChanged, {
          id: factId(version, person.id),
          person: person.id,
          generation: person.generation,
          admitted,
          version,
          wave,
          place,
          author,
          ...(grants && { grants }),
          cause,
        }),
      );
      await tell(facts);
    }
    const refused = changes.filter(({ admitted }) => !admitted).length;
    const moved = waves[1]?.length ?? 0;
    log.info('a version is in force', { version, admits: changes.length - refused - moved, refuses: refused, moves: moved });
    const values = { PeopleRefusedByPolicy: { unit: 'Count', value: refused } } as const;
    measure([{ dimensions: {}, values, properties: { version } }], now);
  },
);

/** The facts' ids are made of version and person: those that an earlier try told of are left out. */
async function tell(facts: Write[]): Promise<void> {
  const answer = await transact(facts);
  if (answer.held) return;
  const rest = facts.filter((_, index) => answer.reasons[index]?.code !== 'ConditionalCheckFailed');
  if (rest.length === facts.length) throw new TypeError(`DynamoDB refused the facts: ${answer.reasons.map(({ code }) => code).join(', ')}`);
  if (rest.length > 0) await tell(rest);
}

function factId(version: number, person: string): string {
  return encodeId('evt', createHash('sha256').update(`entitlement-changed ${version} ${person}`).digest().subarray(0, 16));
}
