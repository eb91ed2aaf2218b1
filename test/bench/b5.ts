/**
 * B5: from the identity provider's event accepted to the first refusal, for people who leave two a second; embedded stack, default mode, real seconds. Each
 * leaver's own credentials are tried again and again on each surface, so a figure includes the wait for the next try and the refused answer itself. The open
 * stream is an answer that began a second before its reader left, and ends when the gateway ends it.
 */
import { askModel, eventsIn, modelsOf } from '../journeys/inference.fixture.ts';
import { companyOf } from '../support/company.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import type { Figure, Measure } from './figure.ts';

/** Fewer only to look for a cause. */
const leavers = Number(process.env.B5_LEAVERS ?? 200);
const apartMs = 500;
/** Between two tries of one credential. */
const tryEveryMs = { refresh: 150, policy: 100, inference: 150, otlp: 400 } as const;
/** Within the grace in which one refresh token may be tried again. */
const giveUpMs = 50_000;

type SurfaceName = keyof typeof tryEveryMs;
const surfaces: readonly SurfaceName[] = ['refresh', 'policy', 'inference', 'otlp'];
type Measured = SurfaceName | 'open stream';
const measured: readonly Measured[] = [...surfaces, 'open stream'];
const limits: Record<Measured, number> = { refresh: 1, policy: 1, inference: 1, otlp: 5, 'open stream': 5 };
/** An answer that would go on for minutes. */
const longAnswer = { tokens: 900, chunk_chars: 4, gap_ms: 500 };
const openBeforeMs = 1_000;

interface Attempt {
  status: number;
  body: string;
}

interface Leaver {
  /** At the identity provider. */
  id: string;
  person: Person;
  refreshToken: string;
}

export const measure: Measure = async (say) => {
  const stack = await startStack();
  try {
    const people = await hire(stack, leavers);
    await stack.settled();
    say(`${people.length} people signed in`);
    const seconds: Record<Measured, number[]> = { refresh: [], policy: [], inference: [], otlp: [], 'open stream': [] };
    await modelsOf(stack).script(longAnswer);
    const troubles = new Map<string, number>();
    const began = performance.now();
    const gone = people.map(async (leaver, index) => {
      await pause(began + index * apartMs - performance.now());
      const stream = await openStream(leaver, troubles);
      await pause(began + openBeforeMs + index * apartMs - performance.now());
      const accepted = await leave(stack, leaver);
      await Promise.all([
        ...surfaces.map(async (name) => seconds[name].push((await refusedAfter(stack, leaver, name, accepted, troubles)) / 1000)),
        stream.end.then((at) => seconds['open stream'].push(at === undefined ? giveUpMs / 1000 : (at - accepted) / 1000)),
      ]);
    });
    await Promise.all(gone);
    say(`all refused ${((performance.now() - began) / 1000).toFixed(0)} s after the first event`);
    for (const [what, times] of troubles) say(`${what}: ${times} times`);
    return Object.fromEntries(measured.map((name, index) => [`B5${String.fromCharCode(97 + index)}`, figure(name, seconds[name])]));
  } finally {
    await stack.stop();
  }
};

/** New people in a group that the policy names, each with a session that works on every surface. */
async function hire(stack: Stack, count: number): Promise<Leaver[]> {
  const { hr } = companyOf(stack);
  const hired: Leaver[] = [];
  for (let index = 0; index < count; index++) {
    const email = `leaver-${index}@example.com`;
    const { id } = await hr('POST', '/users?silent=1', { email, name: `Leaver ${index}`, groups: ['engineering'] });
    const person = await stack.as(email);
    const leaver = { id, person, refreshToken: person.refreshToken };
    for (const name of surfaces) {
      const { status, body } = await attempt(stack, leaver, name);
      if (status !== 200) throw new Error(`${email} got ${status} from ${name} before leaving: ${body}`);
      if (name === 'refresh') leaver.refreshToken = (JSON.parse(body) as { refresh_token: string }).refresh_token;
    }
    hired.push(leaver);
  }
  return hired;
}

/** Resolves once the answer has begun; `end` with the moment at which the gateway ended it, undefined when it broke or ran to its own end. */
async function openStream({ person }: Leaver, troubles: Map<string, number>): Promise<{ end: Promise<number | undefined> }> {
  const events = eventsIn(await begun(person, troubles));
  const first = await events.next();
  if (first.value?.name !== 'message_start') throw new Error(`No answer began: ${first.value?.name}`);
  const end = async () => {
    let last = '';
    try {
      for await (const { name } of events) last = name;
    } catch {
      last = 'a broken connection';
    }
    if (last === 'error') return performance.now();
    count(troubles, `an open stream ended with ${last}`);
    return undefined;
  };
  return { end: end() };
}

/** As clients do, it asks again when it is told to. */
async function begun(person: Person, troubles: Map<string, number>): Promise<Response> {
  for (;;) {
    const response = await askModel(person, { stream: true });
    if (response.status !== 503) return response;
    count(troubles, `a stream was answered 503 ${await response.text()}`.replace(/"request_id.*/, ''));
    await pause(1_000);
  }
}

/** Answers when the directory had taken the change and sent its event. */
async function leave(stack: Stack, { id }: Leaver): Promise<number> {
  await companyOf(stack).hr('PATCH', `/users/${id}`, { active: false });
  return performance.now();
}

async function refusedAfter(
  stack: Stack,
  leaver: Leaver,
  name: SurfaceName,
  since: number,
  troubles: Map<string, number>,
): Promise<number> {
  for (;;) {
    const tried = performance.now();
    const { status } = await attempt(stack, leaver, name);
    if (status === 401 || status === 403) return performance.now() - since;
    // Neither let in nor refused: the answer that says to come back counts as still alive.
    if (status !== 200) count(troubles, `${name} answered ${status}`);
    if (tried - since > giveUpMs) {
      count(troubles, `${name} gave up after ${giveUpMs / 1000} s, at its last ${status}`);
      return giveUpMs;
    }
    await pause(tried + tryEveryMs[name] - performance.now());
  }
}

function count(troubles: Map<string, number>, what: string): void {
  troubles.set(what, (troubles.get(what) ?? 0) + 1);
}

function attempt(stack: Stack, { person, refreshToken }: Leaver, name: SurfaceName): Promise<Attempt> {
  switch (name) {
    case 'policy':
      return read(person.fetch('/managed/settings'));
    case 'inference': {
      const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' };
      const body = JSON.stringify({ model: 'claude-opus-4-8', messages: [{ role: 'user', content: 'Say hello.' }] });
      return read(person.fetch('/v1/messages/count_tokens', { method: 'POST', headers, body }));
    }
    case 'otlp': {
      const headers = { 'content-type': 'application/json' };
      return read(person.fetch('/v1/metrics', { method: 'POST', headers, body: '{"resourceMetrics":[]}' }));
    }
    case 'refresh': {
      // The same token again: within the grace it gets the same answer, so trying makes no second step.
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken });
      return read(fetch(`${stack.gateway}/oauth/token`, { method: 'POST', body: form }));
    }
  }
}

async function read(asked: Promise<Response>): Promise<Attempt> {
  const response = await asked;
  return { status: response.status, body: await response.text() };
}

function figure(name: Measured, seconds: readonly number[]): Figure {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number) => Number((sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN).toPrecision(3));
  return {
    value: at(0.99),
    min: at(0),
    max: at(1),
    unit: `s (${name}, p99 of ${sorted.length}; p50 ${at(0.5)} s)`,
    hold: `<= ${limits[name]} s`,
    holds: at(0.99) <= limits[name],
  };
}

function pause(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
