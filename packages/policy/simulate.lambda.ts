/**
 * `POST /admin/policies/simulate`: a draft tried on today's people and on the last days of the ledger. Publishes and keeps nothing.
 * Bounded: the ledger is read from today backwards until the time is up, and the answer says how far it came.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ok, refuse } from '@gatehouse/core/result';
import { dayOf } from '@gatehouse/ledger/entry';
import type { PolicyDocument } from '@gatehouse/rules/document';
import { resolve } from '@gatehouse/rules/resolve';
import { type Caller, subjectOf } from '@gatehouse/runtime/admit';
import { now as clock } from '@gatehouse/runtime/clock';
import { findPerson } from '@gatehouse/runtime/find-person';
import { http } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { compare, knownGroups, memberOf } from './difference.ts';
import { readDraft } from './draft.ts';
import { activePeople } from './people.records.ts';
import { classesOf } from './people-class.ts';
import { summarize } from './people-summary.ts';
import { type Both, createReplay } from './replay.ts';
import { usedOn } from './spend.records.ts';
import { documentAt, readHead } from './store.dynamodb.ts';
import { surface } from './surface.ts';
import { type Outcome, told } from './told.http.ts';

export const env = z.object({
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
  TABLE_USAGE: z.string().min(1),
});
type Env = z.infer<typeof env>;

const Tried = z.object({
  people: z.array(z.string()).max(200).optional(),
  groups: z.array(z.string()).max(500).optional(),
  /** Of the ledger, today among them. 0: no replay. */
  days: z.int().min(0).max(90).default(30),
});
type Tried = z.infer<typeof Tried>;

/** The API's own limit is 29 s. */
const replayMs = 15_000;
/** For the days being read when the time is up. */
const graceMs = 4_000;
const daysAtOnce = 3;
const listed = 200;
const dayMs = 86_400_000;

export const handler = http(
  { surface, env, wire: apiWire },
  {
    simulate: told<Env>(async (request, { env, caller, now }) => {
      const draft = readDraft(request.body);
      if (!draft.ok) return draft;
      const tried = Tried.safeParse(draft.value.rest);
      if (!tried.success)
        return refuse({
          reason: 'malformed',
          detail: '"people" and "groups" are lists of texts, at most 200 and 500; "days" is a whole number up to 90.',
        });
      return simulate(env, { caller, draft: draft.value.document, tried: tried.data, now });
    }),
  },
);

interface Asked {
  caller: Caller;
  draft: PolicyDocument;
  tried: Tried;
  now: number;
}

async function simulate(env: Env, { caller, draft, tried, now }: Asked): Promise<Outcome> {
  const { version } = await readHead(env.TABLE_POLICY);
  const current = await documentAt(env.TABLE_POLICY, version);
  const groups = tried.groups ?? (tried.people ? [] : knownGroups(current, draft));
  const people: Record<string, unknown>[] = [];
  const unknown: string[] = [];
  for (const lookup of tried.people ?? []) {
    const found = await findPerson(env.TABLE_PEOPLE, lookup);
    if (!found.ok && found.refusal.reason === 'ambiguous') return found;
    if (!found.ok) {
      unknown.push(lookup);
      continue;
    }
    const { id, email, groups, status } = found.value;
    people.push({ person: id, email, groups, status, ...compare(current, draft, { person: id, email, groups }) });
  }
  const everybody = await activePeople(env.TABLE_PEOPLE);
  return ok({
    status: 200,
    body: {
      against: version,
      groups: groups.map((group) => ({ group, ...compare(current, draft, memberOf(group)) })),
      people,
      unknown,
      caller: compare(current, draft, subjectOf(caller)),
      everyone: summarize(everybody, current, draft),
      replay: await replay(env, { current, draft, everybody, days: daysBack(now, tried.days) }),
    },
  });
}

interface Question {
  current: PolicyDocument | undefined;
  draft: PolicyDocument;
  everybody: Awaited<ReturnType<typeof activePeople>>;
  /** Newest first. */
  days: string[];
}

/** Null when no day was asked for. What the ledger does not answer in time is left out, and said. */
async function replay(env: Env, { current, draft, everybody, days }: Question): Promise<Record<string, unknown> | null> {
  const [to] = days;
  if (to === undefined) return null;
  const judged = bothOf(everybody, current, draft);
  const played = createReplay((person) => judged.get(person));
  const until = clock() + replayMs;
  let read = 0;
  let trouble: string | undefined;
  while (read < days.length && clock() < until && trouble === undefined) {
    const some = days.slice(read, read + daysAtOnce);
    try {
      const asked = Promise.all(some.map((day) => usedOn(env.TABLE_USAGE, day)));
      const rows = await Promise.race([asked, delay(until + graceMs - clock(), undefined, { ref: false })]);
      if (!rows) break;
      for (const row of rows.flat()) played.take(row);
      read += some.length;
    } catch (error) {
      if (!(error instanceof Error) || (error.name !== 'Unavailable' && error.name !== 'Throttled')) throw error;
      log.warn('replay ends early', { error, days_read: read });
      trouble = 'the ledger did not answer';
    }
  }
  const { refused, overruns, ...sums } = played.result();
  // Why days are missing; null when none is.
  const partial = read < days.length ? (trouble ?? 'the time was up') : null;
  return {
    from: days[Math.max(0, read - 1)],
    to,
    days_asked: days.length,
    days_read: read,
    partial,
    ...sums,
    refused: refused.slice(0, listed),
    refused_rows: refused.length,
    overruns: overruns.slice(0, listed),
    overrun_rows: overruns.length,
  };
}

function bothOf(everybody: Question['everybody'], current: PolicyDocument | undefined, draft: PolicyDocument): ReadonlyMap<string, Both> {
  const nothing: PolicyDocument = { mode: 'first_match', base: {}, policies: [] };
  const judged = new Map<string, Both>();
  for (const { subject, people } of classesOf(everybody, [current, draft])) {
    const both = { before: resolve(current ?? nothing, subject), after: resolve(draft, subject) };
    for (const { id } of people) judged.set(id, both);
  }
  return judged;
}

/** `2026-11-22` and the days before it. */
function daysBack(nowMs: number, days: number): string[] {
  return Array.from({ length: days }, (_, back) => dayOf(nowMs - back * dayMs));
}
