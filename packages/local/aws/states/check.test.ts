import { createRequire } from 'node:module';
import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { checkDefinition } from './check.ts';
import { lambda, only } from './test-machine.ts';

/** The package has no types; https://github.com/ChristopheBougere/asl-validator. */
const aslValidator: (machine: object) => Promise<unknown> = createRequire(import.meta.url)('asl-validator');

const check = (definition: unknown) =>
  checkDefinition(typeof definition === 'string' ? definition : JSON.stringify(definition), (text) => void jsonata(text));
const jsonataMachine = (machine: object) => ({ QueryLanguage: 'JSONata', ...machine });
const pass = { Type: 'Pass', End: true };
const item = { StartAt: 'I', States: { I: { Type: 'Pass', End: true } } };

describe('a definition is refused', () => {
  const cases: [string, unknown, string | RegExp, string?][] = [
    ['that is no JSON', '{', /JSON/],
    ['that is no object', '[]', 'Definition must be a valid JSON object'],
    ['without StartAt and States', jsonataMachine({}), 'These fields are required: [States, StartAt]'],
    ['that says JSONPath', { QueryLanguage: 'JSONPath', ...only(pass) }, /JSONata machines only/],
    ['that says nothing, which means JSONPath', only(pass), /set QueryLanguage to "JSONata" on the machine/, '/States/S'],
    ['with a state that says JSONPath', jsonataMachine(only({ ...pass, QueryLanguage: 'JSONPath' })), /JSONata states only/],
    [
      'with a JSONPath field',
      jsonataMachine(only({ ...pass, ResultPath: '$.x' })),
      'ResultPath belongs to JSONPath: a JSONata state uses Output',
      '/States/S/ResultPath',
    ],
    ['with a JSONPath name', jsonataMachine(only({ ...pass, Output: { 'a.$': '$.x' } })), /ends in "\.\$"/],
    ['with a field it does not know', jsonataMachine(only({ ...pass, Nxt: 'S' })), 'Field "Nxt" is not supported here'],
    ['with a type it does not know', jsonataMachine(only({ Type: 'Activity' })), /Type must be one of/],
    ['whose StartAt is missing', jsonataMachine({ StartAt: 'X', States: { S: pass } }), /StartAt names 'X'/],
    ['whose Next is missing', jsonataMachine(only({ Type: 'Pass', Next: 'X' })), "Missing 'Next' target: X"],
    ['with a state that cannot be reached', jsonataMachine(only(pass, { T: pass })), 'State "T" is not reachable'],
    ['with Next and End', jsonataMachine(only({ ...pass, Next: 'S' })), /either "Next" or "End"/],
    ['with neither', jsonataMachine(only({ Type: 'Pass' })), /either "Next" or "End"/],
    [
      'with a state name above 80 characters',
      jsonataMachine({ StartAt: 'n'.repeat(81), States: { ['n'.repeat(81)]: pass } }),
      /at most 80/,
    ],
    [
      'with a state name used twice',
      jsonataMachine(only({ Type: 'Parallel', Branches: [{ StartAt: 'S', States: { S: pass } }], End: true })),
      "The state name 'S' is used twice in this machine",
    ],
    ['with an expression that is no JSONata', jsonataMachine(only({ ...pass, Output: '{% 1 + %}' })), /not JSONata/, '/States/S/Output'],
    ['with half an expression', jsonataMachine(only({ ...pass, Output: '{% 1' })), /begins with \{% and ends with %\}/],
    ['that assigns states', jsonataMachine(only({ ...pass, Assign: { states: 1 } })), /reserved/],
    ['that assigns what is no name', jsonataMachine(only({ ...pass, Assign: { 'a-b': 1 } })), /not the name of a variable/],
    [
      'whose branch assigns a variable from outside',
      jsonataMachine(
        only(
          { ...pass, End: undefined, Assign: { x: 1 }, Next: 'P' },
          {
            P: { Type: 'Parallel', Branches: [{ StartAt: 'B', States: { B: { ...pass, Assign: { x: 2 } } } }], End: true },
          },
        ),
      ),
      /inner scope cannot assign "x"/,
    ],
    ['with a Choice without rules', jsonataMachine(only({ Type: 'Choice', Choices: [] })), /at least one rule/],
    [
      'with a rule of JSONPath',
      jsonataMachine(only({ Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true, Next: 'S' }] })),
      /Variable belongs to JSONPath/,
    ],
    ['with a Wait for nothing', jsonataMachine(only({ Type: 'Wait', End: true })), /exactly one of Seconds and Timestamp/],
    ['with a Wait for two things', jsonataMachine(only({ Type: 'Wait', Seconds: 1, Timestamp: 'x', End: true })), /exactly one/],
    ['with a Wait of half a second', jsonataMachine(only({ Type: 'Wait', Seconds: 0.5, End: true })), /whole number/],
    ['with a Task without Resource', jsonataMachine(only({ Type: 'Task', End: true })), /Resource must be an ARN/],
    [
      'with an activity',
      jsonataMachine(only({ Type: 'Task', Resource: 'arn:aws:states:us-east-1:0:activity:a', End: true })),
      /Activities are not/,
    ],
    ['with a Timeout of 0', jsonataMachine(only({ Type: 'Task', Resource: lambda, TimeoutSeconds: 0, End: true })), /whole number from 1/],
    [
      'whose heartbeat is no shorter than its timeout',
      jsonataMachine(only({ Type: 'Task', Resource: lambda, TimeoutSeconds: 5, HeartbeatSeconds: 5, End: true })),
      /smaller than TimeoutSeconds/,
    ],
    ['with a machine timeout from an expression', jsonataMachine({ ...only(pass), TimeoutSeconds: '{% 5 %}' }), /whole number/],
    ['with a Retry on a Pass', jsonataMachine(only({ ...pass, Retry: [] })), 'Field "Retry" is not supported here'],
    ['with States.ALL among others', retrying({ ErrorEquals: ['States.ALL', 'E'] }), /stand alone/],
    ['with States.ALL before others', retrying({ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['E'] }), /last entry/],
    ['with negative attempts', retrying({ ErrorEquals: ['E'], MaxAttempts: -1 }), /0 or more/],
    ['with a shrinking backoff', retrying({ ErrorEquals: ['E'], BackoffRate: 0.5 }), /1 or more/],
    ['with a jitter it does not know', retrying({ ErrorEquals: ['E'], JitterStrategy: 'SOME' }), /FULL or NONE/],
    [
      'with a cap below the interval',
      retrying({ ErrorEquals: ['E'], IntervalSeconds: 5, MaxDelaySeconds: 5 }),
      /greater than IntervalSeconds/,
    ],
    [
      'with a catcher that goes nowhere',
      jsonataMachine(only({ Type: 'Task', Resource: lambda, Catch: [{ ErrorEquals: ['E'] }], End: true })),
      /needs a Next/,
    ],
    ['with a Parallel without branches', jsonataMachine(only({ Type: 'Parallel', Branches: [], End: true })), /at least one machine/],
    ['with a Map without processor', jsonataMachine(only({ Type: 'Map', End: true })), /needs an ItemProcessor/],
    [
      'with items from S3',
      jsonataMachine(only({ Type: 'Map', ItemReader: {}, ItemProcessor: item, End: true })),
      /not in the embedded stack/,
    ],
    [
      'with a batching inline Map',
      jsonataMachine(only({ Type: 'Map', ItemBatcher: { MaxItemsPerBatch: 1 }, ItemProcessor: item, End: true })),
      /DISTRIBUTED mode/,
    ],
    [
      'with a distributed Map without execution type',
      jsonataMachine(only({ Type: 'Map', ItemProcessor: { ...item, ProcessorConfig: { Mode: 'DISTRIBUTED' } }, End: true })),
      /ExecutionType/,
    ],
  ];
  it.each(cases)('%s', (_, definition, message, location) => {
    const checked = check(definition);
    const problems = 'problems' in checked ? checked.problems : [];
    const found = problems.find((problem) => (message instanceof RegExp ? message.test(problem.message) : problem.message === message));
    expect(found, JSON.stringify(problems)).toBeDefined();
    if (location !== undefined) expect(found?.location).toBe(location);
  });
  function retrying(...Retry: object[]): object {
    return jsonataMachine(only({ Type: 'Task', Resource: lambda, Retry, End: true }));
  }
});

describe('a definition is accepted', () => {
  it('with every field that the states have, and asl-validator accepts it too', async () => {
    const way = (Next: string) => ({ Comment: 'why', Assign: { [`v${Next}`]: '{% $states.input %}' }, Output: { o: '{% 1 %}' }, Next });
    const retry = { ErrorEquals: ['A'], IntervalSeconds: 1, MaxAttempts: 0, BackoffRate: 1.5, MaxDelaySeconds: 9, JitterStrategy: 'FULL' };
    const end = { ErrorEquals: ['States.ALL'], Next: 'Fail', Output: { a: 1 }, Assign: { b: 2 } };
    const fallible = { Retry: [retry], Catch: [end] };
    const machine = {
      ...jsonataMachine({ StartAt: 'Pass' }),
      Comment: 'all of it',
      TimeoutSeconds: 60,
      States: {
        Pass: { Type: 'Pass', ...way('Wait') },
        Wait: { Type: 'Wait', Seconds: '{% 1 %}', ...way('Until') },
        Until: { Type: 'Wait', Timestamp: '{% $states.input.at %}', ...way('Task') },
        Task: {
          Type: 'Task',
          Resource: lambda,
          Arguments: { a: 1 },
          TimeoutSeconds: '{% 9 %}',
          HeartbeatSeconds: 5,
          ...fallible,
          ...way('Parallel'),
        },
        Parallel: { Type: 'Parallel', Arguments: { a: 1 }, Branches: [item], ...fallible, ...way('Map') },
        Map: {
          Type: 'Map',
          Items: '{% [1] %}',
          ItemSelector: { a: 1 },
          MaxConcurrency: 2,
          ItemProcessor: { StartAt: 'J', States: { J: pass }, ProcessorConfig: { Mode: 'INLINE' } },
          ...fallible,
          ...way('Distributed'),
        },
        Distributed: {
          Type: 'Map',
          Items: '{% [1] %}',
          ItemProcessor: { StartAt: 'K', States: { K: pass }, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
          ToleratedFailureCount: 1,
          ToleratedFailurePercentage: '{% 5 %}',
          ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { a: 1 } },
          Label: 'label',
          ...way('Choice'),
        },
        Choice: {
          Type: 'Choice',
          Choices: [{ Condition: '{% true %}', ...way('Succeed') }],
          Default: 'Fail',
          Output: { d: 1 },
          Assign: { d: 1 },
        },
        Succeed: { Type: 'Succeed', Output: '{% 1 %}' },
        Fail: { Type: 'Fail', Error: "{% 'E' %}", Cause: 'because' },
      },
    };
    expect(check(machine)).toHaveProperty('machine');
    expect(await aslValidator(machine)).toMatchObject({ isValid: true });
  });
  it('when each state says JSONata, though the machine says nothing', () => {
    expect(check(only({ ...pass, QueryLanguage: 'JSONata' }))).toHaveProperty('machine');
  });
  it('when a branch uses a name that only another branch assigns', () => {
    const branch = (name: string) => ({ StartAt: name, States: { [name]: { ...pass, Assign: { x: 1 } } } });
    expect(check(jsonataMachine(only({ Type: 'Parallel', Branches: [branch('A'), branch('B')], End: true })))).toHaveProperty('machine');
  });
});
