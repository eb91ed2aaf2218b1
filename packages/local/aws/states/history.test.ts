import { describe, expect, it } from 'vitest';
import { taskKind } from './history.ts';
import { callback, createBench, type Event, functionError, lambda, only } from './test-machine.ts';

const whole = { truncated: false };

describe('the history of an execution', () => {
  it('reads as AWS writes it for a task and a Pass, members and all', async () => {
    const bench = createBench({ invoke: async () => ({ Payload: 1, StatusCode: 200 }) });
    const machine = only(
      {
        Type: 'Task',
        Resource: lambda,
        Arguments: { FunctionName: 'f' },
        TimeoutSeconds: 9,
        HeartbeatSeconds: 5,
        Assign: { n: '{% $states.result.Payload %}' },
        Next: 'P',
      },
      { P: { Type: 'Pass', End: true } },
    );
    const { executionArn } = await bench.run(machine, { a: 1 });
    const at = bench.clock.now() / 1000;
    const result = '{"Payload":1,"StatusCode":200}';
    expect(await bench.history(executionArn)).toEqual([
      {
        id: 1,
        previousEventId: 0,
        type: 'ExecutionStarted',
        timestamp: at,
        executionStartedEventDetails: { input: '{"a":1}', inputDetails: whole, roleArn: 'arn:aws:iam::000000000000:role/r' },
      },
      {
        id: 2,
        previousEventId: 0,
        type: 'TaskStateEntered',
        timestamp: at,
        stateEnteredEventDetails: { name: 'S', input: '{"a":1}', inputDetails: whole },
      },
      {
        id: 3,
        previousEventId: 2,
        type: 'TaskScheduled',
        timestamp: at,
        taskScheduledEventDetails: {
          resourceType: 'lambda',
          resource: 'invoke',
          region: 'us-east-1',
          parameters: '{"FunctionName":"f"}',
          timeoutInSeconds: 9,
          heartbeatInSeconds: 5,
        },
      },
      {
        id: 4,
        previousEventId: 3,
        type: 'TaskStarted',
        timestamp: at,
        taskStartedEventDetails: { resourceType: 'lambda', resource: 'invoke' },
      },
      {
        id: 5,
        previousEventId: 4,
        type: 'TaskSucceeded',
        timestamp: at,
        taskSucceededEventDetails: { resourceType: 'lambda', resource: 'invoke', output: result, outputDetails: whole },
      },
      {
        id: 6,
        previousEventId: 5,
        type: 'TaskStateExited',
        timestamp: at,
        stateExitedEventDetails: {
          name: 'S',
          output: result,
          outputDetails: whole,
          assignedVariables: { n: '1' },
          assignedVariablesDetails: whole,
        },
      },
      {
        id: 7,
        previousEventId: 6,
        type: 'PassStateEntered',
        timestamp: at,
        stateEnteredEventDetails: { name: 'P', input: result, inputDetails: whole },
      },
      {
        id: 8,
        previousEventId: 7,
        type: 'PassStateExited',
        timestamp: at,
        stateExitedEventDetails: { name: 'P', output: result, outputDetails: whole },
      },
      {
        id: 9,
        previousEventId: 8,
        type: 'ExecutionSucceeded',
        timestamp: at,
        executionSucceededEventDetails: { output: result, outputDetails: whole },
      },
    ]);
  });

  const item = { StartAt: 'I', States: { I: { Type: 'Pass', End: true } } };
  const failing = { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'E' } } };
  const cases: { title: string; machine: object; events: string[] }[] = [
    {
      title: 'a Choice, a Wait and a Succeed',
      machine: only(
        { Type: 'Choice', Choices: [{ Condition: true, Next: 'W' }] },
        { W: { Type: 'Wait', Seconds: 0, Next: 'E' }, E: { Type: 'Succeed' } },
      ),
      events: [
        '1<-0 ExecutionStarted',
        '2<-0 ChoiceStateEntered',
        '3<-2 ChoiceStateExited',
        '4<-3 WaitStateEntered',
        '5<-4 WaitStateExited',
        '6<-5 SucceedStateEntered',
        '7<-6 SucceedStateExited',
        '8<-7 ExecutionSucceeded',
      ],
    },
    {
      title: 'a Fail',
      machine: only({ Type: 'Fail' }),
      events: ['1<-0 ExecutionStarted', '2<-0 FailStateEntered', '3<-2 ExecutionFailed'],
    },
    {
      title: 'iterations one after the other',
      machine: only({ Type: 'Map', Items: [1, 2], MaxConcurrency: 1, ItemProcessor: item, End: true }),
      events: [
        '1<-0 ExecutionStarted',
        '2<-0 MapStateEntered',
        '3<-2 MapStateStarted',
        '4<-3 MapIterationStarted',
        '5<-4 PassStateEntered',
        '6<-5 PassStateExited',
        '7<-6 MapIterationSucceeded',
        '8<-6 MapIterationStarted',
        '9<-8 PassStateEntered',
        '10<-9 PassStateExited',
        '11<-10 MapIterationSucceeded',
        '12<-11 MapStateSucceeded',
        '13<-11 MapStateExited',
        '14<-13 ExecutionSucceeded',
      ],
    },
    {
      title: 'a failed iteration',
      machine: only({ Type: 'Map', Items: [1], ItemProcessor: failing, End: true }),
      events: [
        '1<-0 ExecutionStarted',
        '2<-0 MapStateEntered',
        '3<-2 MapStateStarted',
        '4<-3 MapIterationStarted',
        '5<-4 FailStateEntered',
        '6<-5 MapIterationFailed',
        '7<-5 MapStateFailed',
        '8<-7 ExecutionFailed',
      ],
    },
    {
      title: 'a Map whose Items cannot be evaluated',
      machine: only({ Type: 'Map', Items: '{% 1 %}', ItemProcessor: item, End: true }),
      events: ['1<-0 ExecutionStarted', '2<-0 MapStateEntered', '3<-0 EvaluationFailed', '4<-3 MapStateFailed', '5<-4 ExecutionFailed'],
    },
    {
      title: 'a distributed Map, whose children keep their events to themselves',
      machine: only({
        Type: 'Map',
        Items: [1, 2],
        ItemProcessor: { ...item, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
        End: true,
      }),
      events: [
        '1<-0 ExecutionStarted',
        '2<-0 MapStateEntered',
        '3<-2 MapStateStarted',
        '4<-3 MapRunStarted',
        '5<-4 MapRunSucceeded',
        '6<-5 MapStateSucceeded',
        '7<-5 MapStateExited',
        '8<-7 ExecutionSucceeded',
      ],
    },
    {
      title: 'a caught branch',
      machine: only(
        { Type: 'Parallel', Branches: [failing], Catch: [{ ErrorEquals: ['States.ALL'], Next: 'P' }], End: true },
        { P: { Type: 'Pass', End: true } },
      ),
      events: [
        '1<-0 ExecutionStarted',
        '2<-0 ParallelStateEntered',
        '3<-2 ParallelStateStarted',
        '4<-3 FailStateEntered',
        '5<-4 ParallelStateFailed',
        '6<-5 ParallelStateExited',
        '7<-6 PassStateEntered',
        '8<-7 PassStateExited',
        '9<-8 ExecutionSucceeded',
      ],
    },
    {
      title: 'a failed evaluation in a Pass',
      machine: only({ Type: 'Pass', Output: '{% $none %}', End: true }),
      events: ['1<-0 ExecutionStarted', '2<-0 PassStateEntered', '3<-0 EvaluationFailed', '4<-3 ExecutionFailed'],
    },
    {
      title: 'a failed evaluation in a Wait',
      machine: only({ Type: 'Wait', Timestamp: 'soon', End: true }),
      events: ['1<-0 ExecutionStarted', '2<-0 WaitStateEntered', '3<-2 EvaluationFailed', '4<-3 ExecutionFailed'],
    },
  ];
  it.each(cases)('has the predecessors that AWS gives: $title', async ({ machine, events }) => {
    const bench = createBench();
    const { executionArn } = await bench.run(machine);
    expect(await bench.trace(executionArn)).toEqual(events);
  });

  it('writes a retried branch as AWS does: started again after the failure, failed once at the end', async () => {
    const bench = createBench();
    const retry = [{ ErrorEquals: ['States.ALL'], MaxAttempts: 1, IntervalSeconds: 1 }];
    const { executionArn } = await bench.run(only({ Type: 'Parallel', Branches: [failing], Retry: retry, End: true }));
    bench.clock.advance(1);
    await bench.states.idle();
    expect((await bench.trace(executionArn)).slice(2)).toEqual([
      '3<-2 ParallelStateStarted',
      '4<-3 FailStateEntered',
      '5<-4 ParallelStateStarted',
      '6<-5 FailStateEntered',
      '7<-6 ParallelStateFailed',
      '8<-7 ExecutionFailed',
    ]);
  });

  it('starts iterations that run together after the Map, and aborts the rest when one fails', async () => {
    const bench = createBench({
      invoke: (_, args) => (args === 0 ? Promise.reject(functionError('E')) : new Promise(() => {})),
    });
    const processor = { StartAt: 'I', States: { I: { Type: 'Task', Resource: lambda, End: true } } };
    const { executionArn } = await bench.run(only({ Type: 'Map', Items: [0, 1], ItemProcessor: processor, End: true }));
    expect((await bench.trace(executionArn)).slice(2)).toEqual([
      '3<-2 MapStateStarted',
      '4<-3 MapIterationStarted',
      '5<-3 MapIterationStarted',
      '6<-4 TaskStateEntered',
      '7<-5 TaskStateEntered',
      '8<-6 TaskScheduled',
      '9<-8 TaskStarted',
      '10<-7 TaskScheduled',
      '11<-10 TaskStarted',
      '12<-9 TaskFailed',
      '13<-12 MapIterationFailed',
      '14<-12 TaskStateAborted',
      '15<-12 MapIterationAborted',
      '16<-12 MapStateFailed',
      '17<-16 ExecutionFailed',
    ]);
  });

  it('has TaskSubmitted for a callback, with what the invoker answered', async () => {
    let token = '';
    const bench = createBench({
      invoke: async (_, __, options) => {
        token = options.token ?? '';
        return { StatusCode: 202 };
      },
    });
    const { executionArn } = await bench.run(only({ Type: 'Task', Resource: callback, End: true }));
    await bench.op('SendTaskSuccess', { taskToken: token, output: '"yes"' });
    await bench.states.idle();
    const events = await bench.history(executionArn);
    expect(events.map((event: Event) => event.type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    expect(events[4]?.taskSubmittedEventDetails).toMatchObject({ resource: 'invoke.waitForTaskToken', output: '{"StatusCode":202}' });
  });
});

describe('what a resource is called in events', () => {
  it.each([
    ['arn:aws:states:::lambda:invoke', 'lambda', 'invoke', false],
    ['arn:aws:states:::lambda:invoke.waitForTaskToken', 'lambda', 'invoke.waitForTaskToken', true],
    ['arn:aws:states:::events:putEvents', 'events', 'putEvents', false],
    ['arn:aws:states:::aws-sdk:dynamodb:getItem', 'aws-sdk:dynamodb', 'getItem', false],
    ['arn:aws:states:::states:startExecution.sync:2', 'states', 'startExecution.sync:2', false],
    ['arn:aws:lambda:us-east-1:000000000000:function:f:live', undefined, 'arn:aws:lambda:us-east-1:000000000000:function:f:live', false],
  ])('%s', (arn, resourceType, resource, waitsForToken) => {
    expect(taskKind(arn)).toEqual({ resourceType, resource, waitsForToken });
  });
});
