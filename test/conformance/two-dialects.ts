/**
 * Generates state machines and writes each in both dialects of the Amazon States Language: JSONPath for the second interpreter, JSONata
 * for ours. Only what both dialects can say is generated; it runs nothing.
 *
 * The data between states always has the shape {x, s, items, one}, and may have more members. So that two interpreters may differ in
 * how they interleave work and still have one right answer, at most one branch of a Parallel can fail, and a Map that can fail has one item.
 * Left out because the second interpreter departs from the language there: a Pass whose Result is 0, "" or false, the items after a
 * failed one in a Map of MaxConcurrency 1, and States.TaskFailed on a Parallel or Map.
 */
import * as fc from 'fast-check';

export interface Retrier {
  errors: string[];
  attempts: number;
}
export interface Catcher {
  errors: string[];
  /** How many states further it goes. */
  jump: number;
  /** The input with the error beside it, or the error alone. */
  keepsInput: boolean;
}
type Handling = { retry: Retrier[]; catch: Catcher[] };
/** What becomes of the result: it replaces the input, joins it as a member, or is dropped. */
type Result = 'replace' | 'join' | 'drop';

export type Step =
  | { kind: 'keep' }
  | { kind: 'set'; x: number; s: string; items: number[] }
  | { kind: 'add'; by: number }
  | { kind: 'join'; value: number }
  | ({ kind: 'task'; errors: string[]; x: number; items: number[]; result: Result } & Handling)
  | { kind: 'choice'; rules: { test: Test; jump: number }[]; hasDefault: boolean }
  | ({ kind: 'parallel'; branches: Step[][]; guilty: number; result: Result } & Handling)
  | ({ kind: 'map'; body: Step[]; concurrency: number; result: Result } & Handling)
  | { kind: 'succeed' }
  | { kind: 'fail'; error: string };

export type Test =
  | { op: '=' | '<' | '<=' | '>' | '>='; than: number }
  | { op: 's'; is: string }
  | { op: 'present'; member: string }
  | { op: 'not'; test: Test }
  | { op: 'and' | 'or'; tests: [Test, Test] };

const errorNames = ['Busy', 'Broken', 'Gone'];
const digit = fc.integer({ min: 0, max: 9 });
const items = fc.array(digit, { maxLength: 4 });
const jump = fc.integer({ min: 1, max: 3 });
const result = fc.constantFrom<Result>('replace', 'join', 'drop');
const named = fc.subarray(errorNames, { minLength: 1 });

/** `wide`: what matches besides names. States.ALL stands alone and last. */
function handling(wide: readonly string[]): fc.Arbitrary<Handling> {
  const retrier = fc.record({ errors: named, attempts: fc.integer({ min: 0, max: 3 }) });
  const catcher = fc.record({ errors: named, jump, keepsInput: fc.boolean() });
  const last = fc.option(fc.constantFrom(...wide), { nil: undefined });
  return fc
    .record({
      retry: fc.array(retrier, { maxLength: 2 }),
      lastRetry: last,
      attempts: fc.integer({ min: 0, max: 3 }),
      catch: fc.array(catcher, { maxLength: 2 }),
      lastCatch: last,
      lastJump: jump,
      lastKeeps: fc.boolean(),
    })
    .map((each) => ({
      retry: [...each.retry, ...(each.lastRetry ? [{ errors: [each.lastRetry], attempts: each.attempts }] : [])],
      catch: [...each.catch, ...(each.lastCatch ? [{ errors: [each.lastCatch], jump: each.lastJump, keepsInput: each.lastKeeps }] : [])],
    }));
}

const { test } = fc.letrec<{ test: Test; leaf: Test }>((tie) => ({
  leaf: fc.oneof(
    fc.record({ op: fc.constantFrom('=' as const, '<' as const, '<=' as const, '>' as const, '>=' as const), than: digit }),
    fc.record({ op: fc.constant('s' as const), is: fc.constantFrom('a', 'b') }),
    fc.record({ op: fc.constant('present' as const), member: fc.constantFrom('x', 'r', 'error', 'joined') }),
  ),
  test: fc.oneof(
    { depthSize: 'small', maxDepth: 2 },
    tie('leaf'),
    fc.record({ op: fc.constant('not' as const), test: tie('test') }),
    fc.record({ op: fc.constantFrom('and' as const, 'or' as const), tests: fc.tuple(tie('test'), tie('test')) }),
  ),
}));

const { steps } = fc.letrec<{ steps: Step[]; step: Step; flat: Step }>((tie) => ({
  flat: fc.oneof(
    fc.constant<Step>({ kind: 'keep' }),
    fc.record({ kind: fc.constant('set' as const), x: digit, s: fc.constantFrom('a', 'b'), items }),
    fc.record({ kind: fc.constant('add' as const), by: digit }),
    fc.record({ kind: fc.constant('join' as const), value: fc.integer({ min: 1, max: 9 }) }),
    fc
      .tuple(
        fc.record({ errors: fc.array(fc.constantFrom(...errorNames), { maxLength: 4 }), x: digit, items, result }),
        handling(['States.ALL', 'States.TaskFailed']),
      )
      .map(([task, handled]) => ({ kind: 'task' as const, ...task, ...handled })),
    fc.record({
      kind: fc.constant('choice' as const),
      rules: fc.array(fc.record({ test, jump }), { minLength: 1, maxLength: 3 }),
      hasDefault: fc.boolean(),
    }),
    fc.constant<Step>({ kind: 'succeed' }),
    fc.record({ kind: fc.constant('fail' as const), error: fc.constantFrom(...errorNames) }),
  ),
  step: fc.oneof(
    { depthSize: 'small', maxDepth: 2 },
    { weight: 5, arbitrary: tie('flat') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.record({ branches: fc.array(tie('steps'), { minLength: 1, maxLength: 3 }), guilty: fc.nat(2), result }),
          handling(['States.ALL']),
        )
        .map(([parallel, handled]) => ({ kind: 'parallel' as const, ...parallel, ...handled })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.record({ body: tie('steps'), concurrency: fc.nat(2), result }), handling(['States.ALL']))
        .map(([map, handled]) => ({ kind: 'map' as const, ...map, ...handled })),
    },
  ),
  steps: fc.array(tie('step'), { minLength: 1, maxLength: 5 }),
}));

export interface Case {
  steps: Step[];
  input: Data;
}
export interface Data {
  x: number;
  s: string;
  items: number[];
  one: number[];
}
export const anyCase: fc.Arbitrary<Case> = fc.record({
  steps,
  input: fc.record({ x: digit, s: fc.constantFrom('a', 'b'), items, one: fc.tuple(digit) }),
});

/** What a task answers: its first calls with one input fail with these errors, in order; every later one succeeds. */
export interface Script {
  errors: string[];
  answer: Data;
  /** Calls of one lane come in one order; an unordered lane may mix. Undefined: another branch's failure may stop them anywhere. */
  lane: string | undefined;
  unordered: boolean;
}
export interface Written {
  jsonata: Machine;
  jsonpath: Machine;
  scripts: Map<string, Script>;
  /** Every Task, Parallel and Map. */
  retryable: string[];
}
type Machine = { StartAt: string; States: Record<string, Record<string, unknown>>; QueryLanguage?: string };

interface Where {
  canFail: boolean;
  lane: string | undefined;
  unordered: boolean;
}

export function write({ steps: all }: Case): Written {
  const scripts = new Map<string, Script>();
  const retryable: string[] = [];
  let count = 0;

  function machines(list: readonly Step[], where: Where): [jsonata: Machine, jsonpath: Machine] {
    const names = list.map((step) => `${step.kind} ${++count}`);
    const end = `end ${++count}`;
    const target = (at: number) => names[at] ?? end;
    const pairs = list.flatMap((step, at) => states(step, names[at] ?? '', (by) => target(at + by), where));
    pairs.push([end, { Type: 'Succeed' }, { Type: 'Succeed' }]);
    const machine = (side: 1 | 2): Machine => {
      const States = Object.fromEntries(pairs.map((pair) => [pair[0], pair[side]]));
      return { StartAt: target(0), States: reachable(target(0), States) };
    };
    return [machine(1), machine(2)];
  }

  type Pair = [name: string, jsonata: Record<string, unknown>, jsonpath: Record<string, unknown>];

  function states(step: Step, name: string, go: (by: number) => string, where: Where): Pair[] {
    const Next = go(1);
    switch (step.kind) {
      case 'keep':
        return [[name, { Type: 'Pass', Next }, { Type: 'Pass', Next }]];
      case 'set': {
        const data = { x: step.x, s: step.s, items: step.items, one: [step.x] };
        return [[name, { Type: 'Pass', Output: data, Next }, { Type: 'Pass', Result: data, Next }]];
      }
      case 'add':
        return [
          [
            name,
            { Type: 'Pass', Output: picked(`$states.input.x + ${step.by}`), Next },
            { Type: 'Pass', Parameters: pickedByPath(step.by), Next },
          ],
        ];
      case 'join':
        return [
          [
            name,
            { Type: 'Pass', Output: `{% $merge([$states.input, {'r': ${step.value}}]) %}`, Next },
            { Type: 'Pass', Result: step.value, ResultPath: '$.r', Next },
          ],
        ];
      case 'succeed':
        return [[name, { Type: 'Succeed' }, { Type: 'Succeed' }]];
      case 'fail':
        if (!where.canFail) return [[name, { Type: 'Succeed' }, { Type: 'Succeed' }]];
        return [[name, { Type: 'Fail', Error: step.error, Cause: 'c' }, { Type: 'Fail', Error: step.error, Cause: 'c' }]];
      case 'choice': {
        const Default = step.hasDefault || !where.canFail ? { Default: Next } : {};
        const rules = step.rules.map(({ test: asked, jump: by }) => ({ asked, Next: go(by) }));
        return [
          [
            name,
            {
              Type: 'Choice',
              Choices: rules.map((rule) => ({ Condition: `{% ${inJsonata(rule.asked)} %}`, Next: rule.Next })),
              ...Default,
            },
            { Type: 'Choice', Choices: rules.map((rule) => ({ ...inJsonPath(rule.asked), Next: rule.Next })), ...Default },
          ],
        ];
      }
      case 'task':
        return withHandling(step, name, go, where, surely(step, where), (handled) => {
          const { lane, unordered } = where;
          scripts.set(name, { errors: step.errors, answer: { x: step.x, s: 'b', items: step.items, one: [step.x] }, lane, unordered });
          const Resource = 'arn:aws:lambda:us-east-1:000000000000:function:f';
          return [
            { Type: 'Task', Resource, ...resultInJsonata(step.result), ...handled[0], Next },
            { Type: 'Task', Resource, ...resultInJsonPath(step.result), ...handled[1], Next },
          ];
        });
      case 'parallel': {
        const guilty = step.guilty % step.branches.length;
        const branches = step.branches.map((branch, index) => {
          const canFail = where.canFail && index === guilty;
          const stopped = where.canFail && index !== guilty;
          return machines(branch, {
            canFail,
            unordered: where.unordered,
            lane: stopped || where.lane === undefined ? undefined : `${name}/${index}`,
          });
        });
        return withHandling(step, name, go, where, step.retry, (handled) => [
          {
            Type: 'Parallel',
            Branches: branches.map(([jsonata]) => jsonata),
            ...resultInJsonata(step.result === 'replace' ? 'join' : step.result),
            ...handled[0],
            Next,
          },
          {
            Type: 'Parallel',
            Branches: branches.map(([, jsonpath]) => jsonpath),
            ...resultInJsonPath(step.result === 'replace' ? 'join' : step.result),
            ...handled[1],
            Next,
          },
        ]);
      }
      case 'map': {
        const concurrency = where.canFail ? {} : { MaxConcurrency: step.concurrency };
        const mixes = !where.canFail && step.concurrency !== 1;
        const body = machines(step.body, mixes ? { ...where, lane: where.lane === undefined ? undefined : name, unordered: true } : where);
        const list = where.canFail ? 'one' : 'items';
        return withHandling(step, name, go, where, step.retry, (handled) => [
          {
            Type: 'Map',
            Items: `{% [$states.input.${list}] %}`,
            ItemSelector: { ...picked('$states.context.Map.Item.Value'), i: '{% $states.context.Map.Item.Index %}' },
            ItemProcessor: body[0],
            ...concurrency,
            ...resultInJsonata(step.result === 'replace' ? 'join' : step.result),
            ...handled[0],
            Next,
          },
          {
            Type: 'Map',
            ItemsPath: `$.${list}`,
            ItemSelector: { 'x.$': '$$.Map.Item.Value', 's.$': '$.s', 'items.$': '$.items', 'one.$': '$.one', 'i.$': '$$.Map.Item.Index' },
            ItemProcessor: body[1],
            ...concurrency,
            ...resultInJsonPath(step.result === 'replace' ? 'join' : step.result),
            ...handled[1],
            Next,
          },
        ]);
      }
    }
  }

  /** A catcher that drops the input goes by way of a Pass that makes the usual shape again. */
  function withHandling(
    step: Handling,
    name: string,
    go: (by: number) => string,
    where: Where,
    retry: readonly Retrier[],
    make: (handled: [Record<string, unknown>, Record<string, unknown>]) => [Record<string, unknown>, Record<string, unknown>],
  ): Pair[] {
    retryable.push(name);
    const extra: Pair[] = [];
    const Retry = retry.map(({ errors, attempts }) => ({ ErrorEquals: errors, MaxAttempts: attempts, IntervalSeconds: 1 }));
    const catchers = (where.canFail ? step.catch : []).map((catcher, index) => {
      const Next = go(catcher.jump);
      if (catcher.keepsInput) return { catcher, Next };
      const landing = `${name} caught ${index}`;
      const data = { x: 1, s: 'a', items: [], one: [2] };
      extra.push([
        landing,
        { Type: 'Pass', Output: { ...data, error: '{% $states.input.Error %}' }, Next },
        { Type: 'Pass', Parameters: { ...data, 'error.$': '$.Error' }, Next },
      ]);
      return { catcher, Next: landing };
    });
    const list = (entries: object[], key: string) => (entries.length > 0 ? { [key]: entries } : {});
    const jsonata = catchers.map(({ catcher, Next }) => ({
      ErrorEquals: catcher.errors,
      ...(catcher.keepsInput && { Output: "{% $merge([$states.input, {'error': $states.errorOutput}]) %}" }),
      Next,
    }));
    const jsonpath = catchers.map(({ catcher, Next }) => ({
      ErrorEquals: catcher.errors,
      ...(catcher.keepsInput && { ResultPath: '$.error' }),
      Next,
    }));
    const [a, b] = make([
      { ...list(Retry, 'Retry'), ...list(jsonata, 'Catch') },
      { ...list(Retry, 'Retry'), ...list(jsonpath, 'Catch') },
    ]);
    return [[name, a, b], ...extra];
  }

  const [jsonata, jsonpath] = machines(all, { canFail: true, lane: '', unordered: false });
  return { jsonata: { QueryLanguage: 'JSONata', ...jsonata }, jsonpath, scripts, retryable };
}

/** Where nothing may fail, a task's retriers outlast its errors. */
function surely(step: Extract<Step, { kind: 'task' }>, { canFail }: Where): readonly Retrier[] {
  return canFail || step.errors.length === 0 ? step.retry : [{ errors: ['States.ALL'], attempts: step.errors.length }];
}

function picked(x: string): Record<string, string> {
  return { x: `{% ${x} %}`, s: '{% $states.input.s %}', items: '{% [$states.input.items] %}', one: '{% $states.input.one %}' };
}
function pickedByPath(by: number): Record<string, string> {
  return { 'x.$': `States.MathAdd($.x, ${by})`, 's.$': '$.s', 'items.$': '$.items', 'one.$': '$.one' };
}
function resultInJsonata(kind: Result): Record<string, unknown> {
  if (kind === 'replace') return {};
  if (kind === 'drop') return { Output: '{% $states.input %}' };
  return { Output: "{% $merge([$states.input, {'joined': $type($states.result) = 'array' ? [$states.result] : $states.result}]) %}" };
}
function resultInJsonPath(kind: Result): Record<string, unknown> {
  if (kind === 'replace') return {};
  return { ResultPath: kind === 'drop' ? null : '$.joined' };
}

function inJsonata(asked: Test): string {
  switch (asked.op) {
    case 's':
      return `$states.input.s = '${asked.is}'`;
    case 'present':
      return `$exists($states.input.${asked.member})`;
    case 'not':
      return `$not(${inJsonata(asked.test)})`;
    case 'and':
    case 'or':
      return `(${asked.tests.map(inJsonata).join(` ${asked.op} `)})`;
    default:
      return `$states.input.x ${asked.op} ${asked.than}`;
  }
}
const numeric = {
  '=': 'NumericEquals',
  '<': 'NumericLessThan',
  '<=': 'NumericLessThanEquals',
  '>': 'NumericGreaterThan',
  '>=': 'NumericGreaterThanEquals',
};
function inJsonPath(asked: Test): Record<string, unknown> {
  switch (asked.op) {
    case 's':
      return { Variable: '$.s', StringEquals: asked.is };
    case 'present':
      return { Variable: `$.${asked.member}`, IsPresent: true };
    case 'not':
      return { Not: inJsonPath(asked.test) };
    case 'and':
      return { And: asked.tests.map(inJsonPath) };
    case 'or':
      return { Or: asked.tests.map(inJsonPath) };
    default:
      return { Variable: '$.x', [numeric[asked.op]]: asked.than };
  }
}

/** Both interpreters refuse, or ignore, what can never be entered. */
function reachable(first: string, all: Record<string, Record<string, unknown>>): Record<string, Record<string, unknown>> {
  const kept = new Set<string>();
  const open = [first];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = all[name];
    if (!state || kept.has(name)) continue;
    kept.add(name);
    const rules = [state.Choices, state.Catch].flatMap((list) => (Array.isArray(list) ? list : [])) as { Next: string }[];
    open.push(...[state, ...rules].flatMap(({ Next }) => (typeof Next === 'string' ? [Next] : [])));
    if (typeof state.Default === 'string') open.push(state.Default);
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => kept.has(name)));
}
