/** The steps that find, shut and reopen one person's sessions. Idempotent by case: a second run finds the gate as the first left it. */
import type { Gate } from '@gatehouse/contracts/records/gate';
import { Person, person } from '@gatehouse/contracts/records/person';
import { cutSessions, findSessions, restoreSessions } from '@gatehouse/contracts/steps/sessions';
import { timestamp } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { onStep } from '@gatehouse/runtime/step';
import { get } from '@gatehouse/runtime/table';
import * as z from 'zod';
import { gateForCut, gateForRestore, type Standing } from './gate.ts';
import { accountTarget, output, sessionTarget } from './session-target.ts';
import { endEpoch, liveSessions, markEnded, moveGate, readGate } from './sessions.dynamodb.ts';

export const env = z.object({ TABLE_ACCESS: z.string(), TABLE_PEOPLE: z.string() });

const maxAttempts = 5;

export const find = onStep(findSessions, env, async (input, { env: { TABLE_ACCESS: table }, now }) => {
  const at = timestamp(now);
  const [gate, sessions] = await Promise.all([readGate(table, input.person), liveSessions(table, input.person)]);
  if (!gate) return output('nothing_to_do', [], 'This person has never signed in.');
  const targets = [accountTarget(input.person, gate, gate, at), ...sessions.map((one) => sessionTarget(one, 'live', 'live', at))];
  return output('done', targets, `The gate is ${gate.state}; ${sessions.length} sessions are live.`);
});

export const cut = onStep(cutSessions, env, async (input, { env: { TABLE_ACCESS: table, TABLE_PEOPLE: people }, now }) => {
  const at = timestamp(now);
  const order = { generation: input.generation, reason: input.case_id };
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const [before, sessions] = await Promise.all([readGate(table, input.person), liveSessions(table, input.person)]);
    const after = gateForCut(before, await standingFor(people, input.person, before), order, at);
    if (!after) {
      // The gate is as it should be; what a first run did not come to is ended now.
      if (before?.state === 'shut') for (const one of sessions) await markEnded(table, one, now);
      return output('nothing_to_do', [accountTarget(input.person, before, before, at)], alreadySo(before, input.case_id));
    }
    const targets = [accountTarget(input.person, before, after, at), ...sessions.map((one) => sessionTarget(one, 'live', 'ended', at))];
    if (input.dry_run) return output('done', targets, `Would shut the gate and end ${sessions.length} sessions.`);
    const told = { sessions: sessions.length, cause: input.case_id, reason: input.reason };
    if (!(await endEpoch(table, before, after, told, now))) continue;
    for (const one of sessions) await markEnded(table, one, now);
    return output('done', targets, `The gate is shut at epoch ${after.epoch}; ${sessions.length} sessions ended.`);
  }
  throw new Throttled(`The gate of ${input.person} changed ${maxAttempts} times while it was to be shut`);
});

export const restore = onStep(restoreSessions, env, async (input, { env: { TABLE_ACCESS: table }, now }) => {
  const at = timestamp(now);
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const before = await readGate(table, input.person);
    const after = before && gateForRestore(before, { generation: input.generation, reason: input.case_id }, at);
    if (!before || !after) {
      const targets = before ? [accountTarget(input.person, before, before, at)] : [];
      return output('nothing_to_do', targets, 'This case did not shut the gate, or the gate is open again.');
    }
    const targets = [accountTarget(input.person, before, after, at)];
    if (input.dry_run) return output('done', targets, 'Would reopen the gate; sessions that ended stay ended.');
    if (await moveGate(table, before, after)) {
      return output('done', targets, 'The gate is open; sessions that ended stay ended, so the person signs in once.');
    }
  }
  throw new Throttled(`The gate of ${input.person} changed ${maxAttempts} times while it was to be reopened`);
});

function alreadySo(gate: Gate | undefined, caseId: string): string {
  return gate?.state === 'shut' && gate.reason === caseId
    ? 'This case has shut the gate already.'
    : 'The person has come back since this case began.';
}

/** For the gate of somebody who has none yet: names and groups for later answers. The order's own generation counts, not this one. */
async function standingFor(table: string, id: string, gate: Gate | undefined): Promise<Standing> {
  const row = gate ? undefined : Person.safeParse(await get(table, person.key(id)));
  const { email, name, groups } = row?.success ? row.data : { email: '', name: '', groups: [] };
  return { person: id, status: 'left', generation: 1, email, name, groups };
}
