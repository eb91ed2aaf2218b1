/** The end of the longest answer there may be, in real time: what the client sees at 14:30, and what the ledger says afterwards. Takes 15 minutes. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askModel, eventsIn, modelsOf, spentBy } from '../journeys/inference.fixture.ts';
import { type Person, type Stack, startStack } from '../support/stack.ts';

const limitSeconds = 14 * 60 + 30;
const minutes = 60_000;

let stack: Stack;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  stack = await startStack();
  [alice, bob] = await Promise.all([stack.as('alice@example.com'), stack.as('bob@example.com')]);
}, 60_000);
afterAll(() => stack?.stop());

it('ends in order after 14 minutes and 30 seconds, and is billed by what passed', { timeout: 16 * minutes }, async () => {
  const models = modelsOf(stack);
  const usage = { input_tokens: 1_000 };
  await models.script({ when: 'Talk on', tokens: 4_000, duration_ms: 20 * minutes, ping_every_ms: 3_600_000, usage });
  await models.script({ when: 'Say nothing', first_byte_ms: 20 * minutes });
  const began = performance.now();
  const since = () => Math.round((performance.now() - began) / 100) / 10;

  const silent = askModel(bob, { model: 'claude-haiku-4-5', stream: true, messages: [{ role: 'user', content: 'Say nothing.' }] }).then(
    async (answer) => {
      const names: string[] = [];
      for await (const { name, data } of eventsIn(answer)) names.push(name === 'error' ? data.error.type : name);
      return { names, seconds: since() };
    },
  );
  const answer = await askModel(alice, { stream: true, max_tokens: 8_000, messages: [{ role: 'user', content: 'Talk on.' }] });
  expect(answer.status).toBe(200);
  const seen: Record<string, number> = {};
  let text = 0;
  let widestGap = 0;
  let at = since();
  let last: { name: string; data: { error?: { type: string; message: string } } } | undefined;
  for await (const event of eventsIn(answer)) {
    widestGap = Math.max(widestGap, since() - at);
    at = since();
    seen[event.name] = (seen[event.name] ?? 0) + 1;
    text += event.data.delta?.text?.length ?? 0;
    last = event;
  }
  console.log(`an answer that goes on: ended after ${since()} s with ${JSON.stringify(last?.data)}; events ${JSON.stringify(seen)}`);
  console.log(`${text} characters of text, at most ${widestGap.toFixed(1)} s without an event`);
  expect([last?.name, last?.data.error?.type]).toEqual(['error', 'timeout_error']);
  expect(at).toBeGreaterThan(limitSeconds - 5);
  expect(at).toBeLessThan(limitSeconds + 10);
  expect(widestGap).toBeLessThan(25);

  const quiet = await silent;
  console.log(
    `an answer that never begins: ended after ${quiet.seconds} s with ${quiet.names.at(-1)}, after ${quiet.names.length - 1} pings`,
  );
  expect(new Set(quiet.names.slice(0, -1))).toEqual(new Set(['ping']));

  const spent = await spentBy(alice);
  console.log(`the ledger: ${JSON.stringify(spent)}, and ${JSON.stringify(await spentBy(bob))} where nothing began`);
  expect(spent.requests).toBe(1);
  // Four characters are a token, as the gateway counts what is broken off.
  expect(spent.output).toBeGreaterThan((text / 4) * 0.7);
  expect(spent.output).toBeLessThan((text / 4) * 1.5);
  expect(spent.micros).toBe(1_000 * 5 + spent.output * 25);
  expect((await spentBy(bob)).requests).toBe(0);
});
