/** Proves faults on invocations, with a host whose functions note what they are asked and succeed. */
import { afterEach, describe, expect, it } from 'vitest';
import { createAwsFaults } from './aws/faults.ts';
import { createClock } from './clock.ts';
import { createFunctions } from './functions.ts';
import type { FunctionError, LambdaHost } from './lambda/contract.ts';

const clock = createClock();
const faults = createAwsFaults(clock, async () => ({}));
const asked: string[] = [];
const gaveUp: { error: FunctionError; attempts: number }[] = [];
const host: LambdaHost = {
  register: () => {},
  has: () => true,
  functions: () => [],
  invoke: async (name) => {
    asked.push(name);
    return { value: 'done' };
  },
  invokeAsync: (name, _event, options) => {
    asked.push(name);
    options?.onSuccess?.();
  },
  busy: () => 0,
  environments: () => 0,
  close: async () => {},
};
const functions = createFunctions(host, { faults, clock, onGaveUp: (_name, _event, error, attempts) => gaveUp.push({ error, attempts }) });
afterEach(() => {
  faults.clear();
  asked.length = 0;
  gaveUp.length = 0;
});
const soon = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
};

describe('an invocation', () => {
  it('passes when nothing was asked to go wrong with this function', async () => {
    faults.add({ service: 'lambda', function: 'other', throttle: true });
    expect(await functions.invoke('mine', {})).toEqual({ value: 'done' });
  });

  it('is throttled without any code being run', async () => {
    faults.add({ service: 'lambda', function: 'mine', throttle: true });
    expect(await functions.invoke('mine', {})).toMatchObject({ refused: 'throttled', error: { errorType: 'TooManyRequestsException' } });
    expect(asked).toEqual([]);
  });

  it('dies after its work was done', async () => {
    faults.add({ service: 'lambda', function: 'mine', lose_answer: true, times: 1 });
    expect(await functions.invoke('mine', {})).toMatchObject({ error: { errorType: 'Runtime.ExitError' } });
    expect(asked).toEqual(['mine']);
    expect(await functions.invoke('mine', {})).toEqual({ value: 'done' });
  });

  it('is not run where an answer was put in its place, for one state and one person alone', async () => {
    faults.add({ service: 'lambda', function: 'mine', state: 'Block it', about: 'per_1', answer: { outcome: 'done' } });
    expect(await functions.invoke('mine', { person: 'per_1' }, undefined, 'Block it')).toEqual({ value: { outcome: 'done' } });
    expect(asked).toEqual([]);
    expect(await functions.invoke('mine', { person: 'per_2' }, undefined, 'Block it')).toEqual({ value: 'done' });
    expect(await functions.invoke('mine', { person: 'per_1' }, undefined, 'Block another')).toEqual({ value: 'done' });
  });

  it('counts as busy while a fault holds it', async () => {
    faults.add({ service: 'lambda', function: 'mine', delay_ms: 60_000, times: 1 });
    const result = functions.invoke('mine', {});
    await soon();
    expect(functions.busy()).toBe(1);
    clock.advance(61);
    expect(await result).toEqual({ value: 'done' });
    expect(functions.busy()).toBe(0);
  });
});

describe('an asynchronous event', () => {
  it('is tried again after a fault, and done once the fault is over', async () => {
    faults.add({ service: 'lambda', error: 'ServiceException', times: 2 });
    let succeeded = false;
    functions.invokeAsync('mine', {}, { onSuccess: () => (succeeded = true) });
    await soon();
    clock.advance(60);
    await soon();
    expect(succeeded).toBe(false);
    clock.advance(120);
    await soon();
    expect([succeeded, asked]).toEqual([true, ['mine']]);
  });

  it('is given up after its third attempt, and told with their number', async () => {
    faults.add({ service: 'lambda', error: 'ServiceException' });
    functions.invokeAsync('mine', {});
    await soon();
    clock.advance(60);
    await soon();
    clock.advance(120);
    await soon();
    expect(gaveUp).toEqual([{ error: { errorType: 'ServiceException', errorMessage: 'A fault was injected' }, attempts: 3 }]);
    expect(asked).toEqual([]);
  });
});
