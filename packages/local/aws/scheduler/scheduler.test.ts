/** Proves schedules with an unmodified SDK client, on a clock that stands still until it is moved. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, createClock } from '../../clock.ts';
import { listen, type TestEndpoint } from '../test-endpoint.ts';
import { createScheduler, type Fired, type Scheduler } from './scheduler.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-schedules-'));
const path = join(folder, 'schedules.json');
const begin = Date.parse('2026-03-01T12:00:00Z');
const clock: Clock = createClock(() => begin);
const fired: Fired[] = [];
let scheduler: Scheduler;
let endpoint: TestEndpoint;
let client: SchedulerClient;

beforeAll(async () => {
  scheduler = createScheduler({ clock, path, fire: (one) => fired.push(one), jitter: () => 0.5 });
  scheduler.start();
  endpoint = await listen([], clock, { whole: [scheduler.service] });
  client = new SchedulerClient(endpoint.client);
});
afterEach(() => {
  fired.length = 0;
});
afterAll(async () => {
  scheduler.close();
  await endpoint.close();
  clock.close();
  rmSync(folder, { recursive: true });
});

const input = (Name: string, more: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  Name,
  ScheduleExpression: 'rate(1 hour)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: { Arn: 'arn:aws:lambda:us-east-1:000000000000:function:sweep:live', RoleArn: 'arn:aws:iam::000000000000:role/x' },
  ...more,
});
const create = (Name: string, more?: Partial<CreateScheduleCommandInput>) => client.send(new CreateScheduleCommand(input(Name, more)));
const remove = (Name: string) => client.send(new DeleteScheduleCommand({ Name }));
const refused = (promise: Promise<unknown>, name: string, words = '') =>
  expect(promise).rejects.toMatchObject({ name, message: expect.stringContaining(words) });

describe('a schedule', () => {
  it('fires on the stack clock, and tells as Scheduler tells when no input was given', async () => {
    await create('hourly');
    clock.advance(3599);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toHaveLength(1);
    expect(JSON.parse(fired[0]?.payload ?? '')).toMatchObject({
      source: 'aws.scheduler',
      'detail-type': 'Scheduled Event',
      time: fired[0]?.scheduledTime,
      resources: ['arn:aws:scheduler:us-east-1:000000000000:schedule/default/hourly'],
      detail: '{}',
    });
    await remove('hourly');
    clock.advance(7200);
    expect(fired).toHaveLength(1);
  });

  it('sends its own input with the context words filled in', async () => {
    const { RoleArn, Arn } = input('x').Target ?? {};
    await create('with-input', { Target: { RoleArn, Arn, Input: '{"at":"<aws.scheduler.scheduled-time>","keep":"<other>"}' } });
    clock.advance(3600);
    expect(JSON.parse(fired[0]?.payload ?? '')).toEqual({ at: fired[0]?.scheduledTime, keep: '<other>' });
    await remove('with-input');
  });

  it('fires once for all the times that a jump of the clock passed over', async () => {
    await create('jumped');
    clock.advance(10 * 3600);
    expect(fired).toHaveLength(1);
    clock.advance(3600);
    expect(fired).toHaveLength(2);
    await remove('jumped');
  });

  it('is told, listed, changed, and switched off', async () => {
    await create('known', { Description: 'what it does' });
    expect(await client.send(new GetScheduleCommand({ Name: 'known' }))).toMatchObject({
      Description: 'what it does',
      State: 'ENABLED',
      ScheduleExpressionTimezone: 'UTC',
      CreationDate: new Date(clock.now()),
      Target: { RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 } },
    });
    await create('known-2');
    const { Schedules, NextToken } = await client.send(new ListSchedulesCommand({ NamePrefix: 'known', MaxResults: 1 }));
    expect([Schedules?.map(({ Name }) => Name), NextToken]).toEqual([['known'], 'known']);
    await client.send(new UpdateScheduleCommand(input('known', { State: 'DISABLED' })));
    await remove('known-2');
    clock.advance(7200);
    expect(fired).toEqual([]);
    expect((await client.send(new GetScheduleCommand({ Name: 'known' }))).Description).toBeUndefined();
    await remove('known');
  });

  it('fires somewhere in its flexible window, by the clocks of its time zone', async () => {
    await create('flexible', {
      ScheduleExpression: 'cron(0 0 * * ? *)',
      ScheduleExpressionTimezone: 'Asia/Tokyo',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 10 },
    });
    const due = Math.ceil((clock.now() - 15 * 3_600_000) / 86_400_000) * 86_400_000 + 15 * 3_600_000;
    clock.advance((due - clock.now()) / 1000 + 299);
    expect(fired).toEqual([]);
    clock.advance(2);
    expect(fired.map(({ scheduledTime }) => Date.parse(scheduledTime))).toEqual([due]);
    await remove('flexible');
  });

  it('of a single time goes away afterwards when that was asked', async () => {
    const time = new Date(clock.now() + 60_000).toISOString().slice(0, 19);
    await create('once', { ScheduleExpression: `at(${time})`, ActionAfterCompletion: 'DELETE' });
    clock.advance(61);
    expect(fired).toHaveLength(1);
    await refused(client.send(new GetScheduleCommand({ Name: 'once' })), 'ResourceNotFoundException');
  });

  it('keeps to its start and end', async () => {
    const day = (count: number) => new Date(clock.now() + count * 86_400_000);
    await create('bounded', { ScheduleExpression: 'rate(1 day)', StartDate: day(2), EndDate: day(3) });
    clock.advance(2 * 86_400 - 1);
    expect(fired).toEqual([]);
    clock.advance(1);
    clock.advance(86_400);
    clock.advance(86_400);
    expect(fired).toHaveLength(2);
    await remove('bounded');
  });

  it('fires after a restart what fell due meanwhile, once, and not before it is started', async () => {
    await create('kept');
    scheduler.close();
    clock.advance(5 * 3600);
    const again = createScheduler({ clock, path, fire: (one) => fired.push(one) });
    expect(fired).toEqual([]);
    again.start();
    clock.advance(0);
    expect(fired.map(({ document }) => document.Name)).toEqual(['kept']);
    again.close();
    scheduler.start();
    await remove('kept');
  });

  it('is refused in words where AWS refuses it, or where the stack cannot do it', async () => {
    await create('twice');
    await refused(create('twice'), 'ConflictException');
    await remove('twice');
    await refused(remove('twice'), 'ResourceNotFoundException');
    await refused(create('x', { ScheduleExpression: 'every hour' }), 'ValidationException', 'Invalid Schedule Expression');
    await refused(create('x', { ScheduleExpressionTimezone: 'Europe/Nowhere' }), 'ValidationException', 'no time zone');
    await refused(create('x', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }), 'ValidationException', 'maximumWindowInMinutes');
    const Target = { Arn: 'arn:aws:sqs:us-east-1:000000000000:q', RoleArn: 'arn:aws:iam::000000000000:role/x' };
    await refused(create('x', { Target }), 'ValidationException', 'only functions');
  });
});
