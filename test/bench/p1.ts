/**
 * P1: one policy lookup as every call of the gateway makes it (resolution), and as a client's poll makes it (resolution, managed settings and
 * their checksum), over a company of 10,000 people, 500 groups and 200 policies. What it reads is the session's one BatchGetItem: a test holds that.
 */
import { digest } from '@gatehouse/policy/canonical';
import { managedSettings } from '@gatehouse/policy/settings';
import { PolicyDocument } from '@gatehouse/rules/document';
import { resolve, type Subject } from '@gatehouse/rules/resolve';
import { atMost, type Measure } from './figure.ts';

const people = 10_000;
const groups = 500;
const policies = 200;
const rounds = 9;
const gateway = { publicUrl: 'https://gatehouse.example.com' };

/** The same company on every run: a linear congruential generator (Numerical Recipes). */
function createDice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

export const measure: Measure = async (say) => {
  const roll = createDice(7);
  const company = Array.from({ length: people }, (_, index) => somebody(index, roll));
  const layered = documentOf('layered', createDice(11));
  const firstMatch = documentOf('first_match', createDice(11));
  const poll = (subject: Subject) => digest(managedSettings(resolve(layered, subject), gateway));
  const p50: number[] = [];
  const p99: number[] = [];
  const cpu: number[] = [];
  const polled: number[] = [];
  const first: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const [everyCall, everyPoll, short] = [
      timed(company, (subject) => resolve(layered, subject)),
      timed(company, poll),
      timed(company, (subject) => resolve(firstMatch, subject)),
    ];
    // The first round is for the compiler.
    if (round === 0) continue;
    p50.push(everyCall.at(0.5));
    p99.push(everyCall.at(0.99));
    cpu.push(everyCall.cpuMicros);
    polled.push(everyPoll.cpuMicros);
    first.push(short.cpuMicros);
  }
  const admitted = company.filter((subject) => resolve(layered, subject).admitted).length;
  const matched = company.reduce((sum, subject) => sum + resolve(layered, subject).matched.length, 0) / people;
  say(
    `${people} people, ${groups} groups, ${policies} policies: ${admitted} admitted, ${matched.toFixed(1)} policies each; layered unless said`,
  );
  return {
    P1a: atMost(100, 'us a lookup, p50', p50),
    P1b: atMost(1_000, 'us a lookup, p99', p99),
    P1c: atMost(100, 'us CPU a lookup', cpu),
    P1d: atMost(200, 'us CPU a poll, settings and checksum', polled),
    P1e: atMost(50, 'us CPU a lookup, first match', first),
  };
};

function somebody(index: number, roll: (sides: number) => number): Subject {
  return {
    person: `per_${String(index).padStart(26, '0')}`,
    email: `p${index}@${roll(10) === 0 ? 'partner.example' : 'example.com'}`,
    groups: Array.from({ length: 3 + roll(20) }, () => `group-${roll(groups)}`),
  };
}

function documentOf(mode: 'layered' | 'first_match', roll: (sides: number) => number): PolicyDocument {
  return PolicyDocument.parse({
    mode,
    base: { tools: { bypass_disabled: true, deny: ['Read(./.env)'] }, client: { min_version: '2.1.195' }, telemetry: { enabled: true } },
    policies: Array.from({ length: policies }, (_, index) => ({
      name: `policy-${index}`,
      match: {
        groups: Array.from({ length: 1 + roll(5) }, () => `group-${roll(groups)}`),
        ...(roll(5) === 0 && { email_domains: ['example.com'] }),
      },
      models: { allow: ['opus', 'sonnet', 'haiku'].slice(roll(3)), deny: roll(4) === 0 ? ['claude-opus-4-1'] : [] },
      tools: { deny: Array.from({ length: roll(6) }, () => `Bash(tool-${roll(50)} *)`), ask: ['WebFetch'] },
      settings: { cleanupPeriodDays: 1 + roll(30), env: { [`VARIABLE_${roll(20)}`]: 'yes' } },
      budgets: [{ period: 'monthly', amount_micros: 1_000_000 * (1 + roll(500)), scope: 'person' }],
      guardrails: { secrets: 'block' },
      keys: { maximum: roll(3) },
    })),
  });
}

/** Each call's own time, and the processor's for all of them. */
function timed(company: readonly Subject[], lookup: (subject: Subject) => unknown): { at(share: number): number; cpuMicros: number } {
  const times = new Float64Array(company.length);
  const before = process.cpuUsage();
  for (const [index, subject] of company.entries()) {
    const began = performance.now();
    lookup(subject);
    times[index] = (performance.now() - began) * 1_000;
  }
  const { user, system } = process.cpuUsage(before);
  times.sort();
  return { at: (share) => times[Math.floor(share * (times.length - 1))] ?? Number.NaN, cpuMicros: (user + system) / company.length };
}
