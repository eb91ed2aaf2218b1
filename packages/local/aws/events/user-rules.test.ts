/** Proves that what people make on buses is there after a restart, and that the stack's own things are made again and not kept. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createClock } from '../../clock.ts';
import type { Delivery } from './delivery.ts';
import { createEvents, type Events } from './events.ts';
import { stackCaller } from './user-rules.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rules-'));
const clock = createClock();
let delivered: Delivery[] = [];
let events = start();
afterAll(() => {
  events.close();
  clock.close();
  rmSync(folder, { recursive: true });
});

function start(): Events {
  return createEvents({
    clock,
    folder,
    deliver: async (delivery) => {
      delivered.push(delivery);
      return undefined;
    },
    onDead: () => {},
  });
}
// biome-ignore lint/suspicious/noExplicitAny: answers of several operations; every read of one is an expectation.
const call = (operation: string, input: object, caller = 'person'): any =>
  events.service.operations[operation]?.(input, { caller, requestId: '' });
/** As every start of the stack does. */
function provision(): void {
  if (!call('ListEventBuses', {}).EventBuses.some(({ Name }: { Name: string }) => Name === 'product'))
    call('CreateEventBus', { Name: 'product' }, stackCaller);
  rule('built-in', stackCaller);
}
function rule(Name: string, caller = 'person'): void {
  call('PutRule', { Name, EventBusName: 'product', EventPattern: '{"source": ["own"]}', Description: 'hears' }, caller);
  target(Name, 'its-own', caller);
}
function target(Rule: string, Id: string, caller = 'person'): void {
  const Arn = `arn:aws:lambda:us-east-1:000000000000:function:${Id}`;
  call('PutTargets', { Rule, EventBusName: 'product', Targets: [{ Id, Arn, Input: '{"by": "person"}' }] }, caller);
}

it('keeps buses, rules and targets of people over a restart', () => {
  provision();
  rule('mine');
  target('built-in', 'added');
  call('CreateEventBus', { Name: 'private' });
  call('PutRule', { Name: 'off', EventPattern: '{"source": ["x"]}', State: 'DISABLED' });
  events.close();
  events = start();
  expect(call('ListRules', { EventBusName: 'product' }).Rules.map(({ Name }: { Name: string }) => Name)).toEqual(['mine']);
  provision();
  expect(call('DescribeRule', { Name: 'off' }).State).toBe('DISABLED');
  expect(call('DescribeEventBus', { Name: 'private' }).Name).toBe('private');
  const { Targets } = call('ListTargetsByRule', { Rule: 'built-in', EventBusName: 'product' });
  expect(Targets.map(({ Id }: { Id: string }) => Id)).toEqual(['added', 'its-own']);
  expect(Targets[0]).not.toHaveProperty('byUser');
  delivered = [];
  call('PutEvents', { Entries: [{ Source: 'own', DetailType: 'x', Detail: '{}', EventBusName: 'product' }] });
  expect(delivered.map(({ ruleArn, target: { Id } }) => `${ruleArn.split('/').at(-1)} ${Id}`).sort()).toEqual([
    'built-in added',
    'built-in its-own',
    'mine its-own',
  ]);
});

it('forgets what people took away', () => {
  call('RemoveTargets', { Rule: 'built-in', EventBusName: 'product', Ids: ['added'] });
  call('RemoveTargets', { Rule: 'mine', EventBusName: 'product', Ids: ['its-own'] });
  call('DeleteRule', { Name: 'mine', EventBusName: 'product' });
  events.close();
  events = start();
  provision();
  expect(call('ListRules', { EventBusName: 'product' }).Rules).toHaveLength(1);
  expect(call('ListTargetsByRule', { Rule: 'built-in', EventBusName: 'product' }).Targets).toHaveLength(1);
});
