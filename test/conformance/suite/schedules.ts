/** What is asked of any EventBridge Scheduler and Parameter Store. The schedule fires in a hundred years, at a function that is not there. */
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { AwsClient } from 'aws4fetch';
import { describe, expect, it } from 'vitest';
import { credentialsOf, type Target } from './target.ts';

export function describeSchedules(target: () => Target): void {
  describe('Scheduler', () => {
    it('keeps a schedule with its time zone and window, until it is deleted', async () => {
      const client = new SchedulerClient(target().client);
      const { roleArn } = target();
      const Name = target().name('schedule');
      const schedule = {
        Name,
        ScheduleExpression: 'cron(0 8 1 1 ? 2126)',
        ScheduleExpressionTimezone: 'Europe/Berlin',
        FlexibleTimeWindow: { Mode: 'FLEXIBLE' as const, MaximumWindowInMinutes: 15 },
        Target: {
          Arn: `arn:aws:lambda:${target().client.region}:${roleArn.split(':')[4]}:function:${Name}`,
          RoleArn: roleArn,
          Input: '{}',
        },
      };
      await client.send(new CreateScheduleCommand(schedule));
      try {
        expect(await client.send(new GetScheduleCommand({ Name }))).toMatchObject({ ...schedule, State: 'ENABLED', GroupName: 'default' });
        await expect(client.send(new CreateScheduleCommand(schedule))).rejects.toMatchObject({ name: 'ConflictException' });
        await client.send(new UpdateScheduleCommand({ ...schedule, State: 'DISABLED' }));
        const { Schedules } = await client.send(new ListSchedulesCommand({ NamePrefix: Name }));
        expect(Schedules?.map(({ State }) => State)).toEqual(['DISABLED']);
      } finally {
        await client.send(new DeleteScheduleCommand({ Name }));
      }
      await expect(client.send(new GetScheduleCommand({ Name }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
      const wrong = new CreateScheduleCommand({ ...schedule, ScheduleExpression: 'cron(every day)' });
      await expect(client.send(wrong)).rejects.toMatchObject({ name: 'ValidationException' });
    });
  });
}

export function describeParameters(target: () => Target): void {
  describe('Parameter Store', () => {
    it('keeps versions of a parameter', async () => {
      const { region, endpoint = `https://ssm.${region}.amazonaws.com` } = target().client;
      const signer = new AwsClient({ ...(await credentialsOf(target())), service: 'ssm', region });
      async function call(operation: string, input: object): Promise<Record<string, unknown>> {
        const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AmazonSSM.${operation}` };
        const answer = await signer.fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
        return (await answer.json()) as Record<string, unknown>;
      }
      const Name = `/${target().name('parameter')}/one`;
      expect(await call('PutParameter', { Name, Value: 'first', Type: 'String' })).toMatchObject({ Version: 1 });
      try {
        expect((await call('PutParameter', { Name, Value: 'second', Type: 'String' })).__type).toMatch(/ParameterAlreadyExists$/);
        await call('PutParameter', { Name, Value: 'second', Overwrite: true });
        expect(await call('GetParameter', { Name })).toMatchObject({ Parameter: { Name, Value: 'second', Version: 2, Type: 'String' } });
        expect(await call('GetParameter', { Name: `${Name}:1` })).toMatchObject({ Parameter: { Value: 'first' } });
      } finally {
        await call('DeleteParameter', { Name });
      }
      expect((await call('GetParameter', { Name })).__type).toMatch(/ParameterNotFound$/);
    });
  });
}
