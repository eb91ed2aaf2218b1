import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Person, type Stack, startStack } from '../support/stack.ts';
import { allEvents, askModel, eventsIn, modelsOf, prompt, spentBy } from './inference.fixture.ts';

let stack: Stack;
let models: ReturnType<typeof modelsOf>;
let alice: Person;

beforeAll(async () => {
  stack = await startStack();
  models = modelsOf(stack);
  alice = await stack.as('alice@example.com');
}, 60_000);
afterAll(() => stack?.stop());
beforeEach(() => models.reset());

const vendorsAsked = async () => (await models.asked()).map(({ vendor }) => vendor);

describe('a tier that cannot serve', () => {
  it.each([[429], [500], [503], [529], [404]])('with %i is passed over for the next', async (status) => {
    await models.script({ vendor: 'anthropic', refuse: { status } });
    const answer = await askModel(alice, { stream: true });
    expect([answer.status, (await allEvents(answer)).at(-1)?.name]).toEqual([200, 'message_stop']);
    expect(await vendorsAsked()).toEqual(['anthropic', 'aws-external-anthropic']);
  });

  it('leaves the last word to the last tier, in its own words', async () => {
    for (const vendor of ['anthropic', 'aws-external-anthropic']) await models.script({ vendor, refuse: { status: 529 } });
    await models.script({ vendor: 'bedrock', refuse: { status: 429, message: 'Too many requests, please wait.' } });
    const before = await spentBy(alice);
    const answer = await askModel(alice);
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'Too many requests, please wait.' },
    });
    expect(await spentBy(alice)).toEqual(before);
  });

  it("that refuses the gateway's credential does not sign the person out", async () => {
    for (const vendor of ['anthropic', 'aws-external-anthropic', 'bedrock']) await models.script({ vendor, refuse: { status: 403 } });
    const answer = await askModel(alice);
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([500, 'false']);
    expect(await answer.json()).toMatchObject({ error: { type: 'api_error' } });
  });

  it('that answers 400 is believed, word for word, and nobody else is asked', async () => {
    await models.script({ refuse: { status: 400, message: 'messages.0: Extra inputs are not permitted' } });
    const answer = await askModel(alice);
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { type: 'invalid_request_error', message: 'messages.0: Extra inputs are not permitted' } },
    ]);
    expect(await vendorsAsked()).toEqual(['anthropic']);
  });
});

describe('every tier', () => {
  it.each([['anthropic'], ['aws-external-anthropic'], ['bedrock']])('%s answers the same, streamed and whole', async (vendor) => {
    const others = ['anthropic', 'aws-external-anthropic', 'bedrock'].filter((one) => one !== vendor);
    for (const other of others) await models.script({ vendor: other, refuse: { status: 529 } });
    await models.script({ vendor, text: 'The same to everybody.', usage: { input_tokens: 50, output_tokens: 7 } });
    const before = await spentBy(alice);
    const events = await allEvents(await askModel(alice, { stream: true }, { 'anthropic-beta': 'a-beta' }));
    const text = events.map(({ data }) => data.delta?.text ?? '').join('');
    expect([text, events.at(-1)?.name]).toEqual(['The same to everybody.', 'message_stop']);
    expect(await (await askModel(alice)).json()).toMatchObject({
      content: [{ text: 'The same to everybody.' }],
      usage: { output_tokens: 7 },
    });
    const after = await spentBy(alice);
    expect([after.requests - before.requests, after.micros - before.micros]).toEqual([
      2,
      // Both in one minute of one session; Bedrock's profile of a geography costs a tenth more.
      Math.round(2 * (50 * 5 + 7 * 25) * (vendor === 'bedrock' ? 1.1 : 1)),
    ]);
  });

  it('of Bedrock is asked in its own words', async () => {
    for (const vendor of ['anthropic', 'aws-external-anthropic']) await models.script({ vendor, refuse: { status: 529 } });
    await (await askModel(alice, { stream: true }, { 'anthropic-beta': 'a-beta,b-beta' })).text();
    const asked = (await models.asked()).at(-1);
    expect(asked).toMatchObject({
      vendor: 'bedrock',
      path: expect.stringContaining('us.anthropic.claude-opus-4-8'),
      body: { anthropic_version: 'bedrock-2023-05-31', anthropic_beta: ['a-beta', 'b-beta'] },
    });
    expect(Object.keys(asked?.body)).not.toEqual(expect.arrayContaining(['model', 'stream']));
  });

  it('of Claude Platform on AWS is told the workspace', async () => {
    await models.script({ vendor: 'anthropic', refuse: { status: 529 } });
    await (await askModel(alice)).text();
    expect((await models.asked()).at(-1)).toMatchObject({
      vendor: 'aws-external-anthropic',
      headers: { 'anthropic-workspace-id': 'wrkspc_01local', 'credential-kind': 'AWS4-HMAC-SHA256' },
    });
  });
});

describe('an upstream that fails in the middle', () => {
  it.each([
    ['dies', 'die', 'overloaded_error'],
    ['sends garbage', 'garbage', 'overloaded_error'],
    ['tells an error', 'error', 'overloaded_error'],
  ])('and %s ends in one error event, and what passed is charged', async (_, end, type) => {
    await models.script({ vendor: 'anthropic', tokens: 400, end, end_after: 20, gap_ms: 2, usage: { input_tokens: 1_000 } });
    const before = await spentBy(alice);
    const answer = await askModel(alice, { stream: true });
    const events = await allEvents(answer);
    expect([answer.status, events.at(-1)?.name, events.at(-1)?.data.error.type]).toEqual([200, 'error', type]);
    expect(events.filter(({ name }) => name === 'error')).toHaveLength(1);
    const after = await spentBy(alice);
    const output = after.output - before.output;
    expect(output).toBeGreaterThan(5);
    expect(output).toBeLessThan(400);
    expect(after.micros - before.micros).toBe(1_000 * 5 + output * 25);
  });

  it('and hangs is given up after two and a half minutes, with signs of life until then', async () => {
    await models.script({ vendor: 'anthropic', tokens: 400, end: 'hang', end_after: 5, ping_every_ms: 3_600_000 });
    const answer = await askModel(alice, { stream: true });
    const names: string[] = [];
    let moved = 0;
    const mover = setInterval(() => void stack.advance(25).then(() => moved++), 700);
    for await (const { name, data } of eventsIn(answer)) names.push(name === 'error' ? data.error.type : name);
    clearInterval(mover);
    expect(names.at(-1)).toBe('overloaded_error');
    expect(names.filter((name) => name === 'ping').length).toBeGreaterThan(2);
    expect(moved).toBeGreaterThan(4);
  });

  it('without streaming is no answer at all, so that nobody takes half of one for the whole', async () => {
    await models.script({ vendor: 'anthropic', tokens: 400, end: 'die' });
    const before = await spentBy(alice);
    expect((await askModel(alice)).status).toBe(503);
    expect(await spentBy(alice)).toEqual(before);
  });
});

describe('an upstream that is slow to begin', () => {
  it('is waited for, with signs of life, and its refusal told in the stream', async () => {
    await models.script({ vendor: 'anthropic', first_byte_ms: 60_000 });
    const asked = askModel(alice, { stream: true });
    await stack.until(async () => ((await models.asked()).length > 0 ? true : undefined));
    await stack.advance(25);
    const answer = await asked;
    expect(answer.status).toBe(200);
    await stack.advance(40);
    const names = (await allEvents(answer)).map(({ name }) => name);
    expect([names[0], names.at(-1)]).toEqual(['ping', 'message_stop']);
  });
});

describe('a slow reader', () => {
  it('gets everything, at its own pace', async () => {
    await models.script({ tokens: 20_000, chunk_chars: 2_000 });
    const answer = await askModel(alice, { stream: true, max_tokens: 32_000 });
    let bytes = 0;
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(bytes).toBeGreaterThan(60_000);
  });
});

describe('the Bedrock format', () => {
  it('goes to Bedrock only and keeps its words', async () => {
    const invoke = (path: string) =>
      alice.fetch(`/model/us.anthropic.claude-opus-4-8/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...prompt(), model: undefined, anthropic_version: 'bedrock-2023-05-31' }),
      });
    const before = await spentBy(alice);
    const whole = await invoke('invoke');
    expect([whole.status, await whole.json()]).toMatchObject([200, { type: 'message' }]);
    const stream = await invoke('invoke-with-response-stream');
    expect(stream.headers.get('content-type')).toBe('application/vnd.amazon.eventstream');
    expect((await stream.arrayBuffer()).byteLength).toBeGreaterThan(500);
    expect(await vendorsAsked()).toEqual(['bedrock', 'bedrock']);
    expect((await spentBy(alice)).requests - before.requests).toBe(2);
    await models.script({ vendor: 'bedrock', refuse: { status: 429 } });
    const throttled = await invoke('invoke');
    expect([throttled.status, throttled.headers.get('x-amzn-errortype')]).toEqual([429, 'ThrottlingException']);
  });
});

describe('POST /invoke', () => {
  it('takes a body without a model and uses the first that the policy allows', async () => {
    const bob = await stack.as('bob@example.com');
    const { model: _, ...body } = prompt();
    const answer = await bob.fetch('/invoke', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { type: 'message', model: expect.stringContaining('claude-haiku-4-5') },
    ]);
  });
});
