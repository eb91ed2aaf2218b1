/** The operations of the Step Functions API on executions and task tokens. */
import { AwsError, type Operation } from '../service.ts';
import { executionArn, parseExecutionArn, parseMachineArn } from './arn.ts';
import type { Executions } from './executions.ts';
import { StatesFault } from './fault.ts';
import { type HistoryEvent, maxEvents } from './history.ts';
import { type Json, maxPayloadBytes } from './json.ts';
import { viewOf } from './keeper.ts';
import { aliasArn, type Machines, versionArn } from './machines.ts';
import { describeRevision, isName, seconds } from './operations.machines.ts';
import { constraint, page } from './page.ts';
import type { Stored, Summary } from './store.ts';
import type { TokenTable } from './tokens.ts';

interface Options {
  executions: Executions;
  machines: Machines;
  tokens: TokenTable;
  now: () => number;
  uuid: () => string;
}

/** Executions can be redriven for 14 days after their end. */
const redrivableMs = 14 * 24 * 3600 * 1000;
const statuses = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'];

export function executionOperations({ executions, machines, tokens, now, uuid }: Options): Readonly<Record<string, Operation>> {
  async function find(arn: unknown): Promise<Stored> {
    parseExecutionArn(arn);
    const stored = typeof arn === 'string' && executions.summaries().has(arn) ? await executions.read(arn) : undefined;
    if (!stored) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return stored;
  }
  async function answer(token: unknown, act: (waiting: ReturnType<TokenTable['find']>['waiting']) => void): Promise<object> {
    const open = tokens.find(token, (arn) => executions.summaries().has(arn));
    act(open.waiting);
    await executions.saved(open.executionArn);
    return {};
  }

  return {
    async StartExecution(input) {
      const { record, revision, version, alias } = machines.resolve(input.stateMachineArn);
      const name = input.name ?? uuid();
      if (!isName(name)) throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
      const text = executionInput(input.input);
      const arn = executionArn(record.name, name);
      const { machine } = await machines.definition(revision.definition);
      // Nothing is awaited between the last look for the name and the start: of two starts at once, one is the first.
      for (let known = executions.summaries().get(arn); known; known = executions.summaries().get(arn)) {
        const stored = await executions.read(arn);
        if (stored?.summary.status === 'RUNNING' && sameJson(stored.given.input, text))
          return { executionArn: arn, startDate: seconds(known.startDate) };
        if (stored) throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
        executions.forget(known);
      }
      const summary: Summary = {
        executionArn: arn,
        stateMachineArn: record.arn,
        ...(version && { stateMachineVersionArn: versionArn(record, version.number) }),
        ...(alias && { stateMachineAliasArn: aliasArn(record, alias) }),
        name,
        status: 'RUNNING',
        startDate: now(),
        redriveCount: 0,
        events: 0,
      };
      const { definition, roleArn, revisionId } = revision;
      const given = { definition, roleArn, input: text, ...(revisionId !== undefined && { revisionId }) };
      await executions.start(summary, given, machine);
      return { executionArn: arn, startDate: seconds(summary.startDate) };
    },

    StartSyncExecution(input) {
      machines.resolve(input.stateMachineArn);
      throw new AwsError('StateMachineTypeNotSupported', 'This operation is not supported by this type of state machine');
    },

    async StopExecution(input) {
      const { summary } = await find(input.executionArn);
      await executions.stop(summary.executionArn, input.error, input.cause);
      const stopDate = executions.summaries().get(summary.executionArn)?.stopDate ?? now();
      return { stopDate: seconds(stopDate) };
    },

    async RedriveExecution(input) {
      await executions.ended(input.executionArn);
      const stored = await find(input.executionArn);
      const { machine } = await machines.definition(stored.given.definition);
      // The summary as it is now: of two redrives at once, the second finds the execution running.
      const refusal = redriveRefusal(executions.summaries().get(stored.summary.executionArn) ?? stored.summary, now());
      if (refusal) throw new AwsError('ExecutionNotRedrivable', refusal);
      await executions.redrive(stored, machine);
      return { redriveDate: seconds(stored.summary.redriveDate ?? now()) };
    },

    async DescribeExecution(input) {
      const stored = await find(input.executionArn);
      const { summary } = stored;
      const { input: given, output, error, cause } = viewOf(stored);
      const refusal = redriveRefusal(summary, now());
      return {
        ...listed(summary),
        input: given,
        inputDetails: { included: true },
        ...(output !== undefined && { output, outputDetails: { included: true } }),
        ...(error !== undefined && { error }),
        ...(cause !== undefined && { cause }),
        redriveStatus: refusal ? 'NOT_REDRIVABLE' : 'REDRIVABLE',
        ...(refusal && { redriveStatusReason: refusal }),
      };
    },

    ListExecutions(input) {
      const { statusFilter, redriveFilter } = input;
      if (statusFilter !== undefined && !statuses.includes(statusFilter))
        throw constraint(statusFilter, 'statusFilter', `Member must satisfy enum value set: [${statuses.join(', ')}]`);
      const { arn, qualifier } = parseMachineArn(input.stateMachineArn);
      machines.get(arn);
      const of = (summary: Summary) =>
        qualifier === undefined ||
        summary.stateMachineVersionArn === input.stateMachineArn ||
        summary.stateMachineAliasArn === input.stateMachineArn;
      const matching = [...executions.summaries().values()].filter(
        (summary) =>
          summary.stateMachineArn === arn &&
          of(summary) &&
          (statusFilter === undefined || summary.status === statusFilter) &&
          (redriveFilter === undefined || (redriveFilter === 'REDRIVEN') === summary.redriveCount > 0),
      );
      const { items, nextToken } = page(matching.reverse(), (summary) => summary.executionArn, input);
      return { executions: items.map(listed), ...(nextToken !== undefined && { nextToken }) };
    },

    async GetExecutionHistory(input) {
      const { events } = await find(input.executionArn);
      const ordered = input.reverseOrder ? events.toReversed() : events;
      const { items, nextToken } = page(ordered, (event) => String(event.id), input);
      const shown = items.map((event) => wireEvent(event, input.includeExecutionData !== false));
      return { events: shown, ...(nextToken !== undefined && { nextToken }) };
    },

    async DescribeStateMachineForExecution(input) {
      const { summary, given } = await find(input.executionArn);
      const record = machines.get(summary.stateMachineArn);
      const { text } = await machines.definition(given.definition);
      return {
        stateMachineArn: summary.stateMachineVersionArn ?? summary.stateMachineArn,
        definition: text,
        updateDate: seconds(record.updatedAt),
        ...describeRevision(record, given.roleArn, given.revisionId),
      };
    },

    SendTaskSuccess(input) {
      const output = taskOutput(input.output);
      return answer(input.taskToken, (waiting) => waiting.succeed(output));
    },
    SendTaskFailure(input) {
      return answer(input.taskToken, (waiting) => waiting.fail(new StatesFault(input.error, input.cause)));
    },
    SendTaskHeartbeat(input) {
      return answer(input.taskToken, (waiting) => waiting.beat());
    },
  };
}

/** Why an execution cannot be redriven, in AWS's words. */
function redriveRefusal(summary: Summary, now: number): string | undefined {
  const { status, stopDate, events } = summary;
  if (status === 'RUNNING' || status === 'SUCCEEDED') return `Execution is ${status} and cannot be redriven`;
  if (events >= maxEvents - 1) return 'Execution history event limit exceeded';
  if (stopDate !== undefined && now - stopDate > redrivableMs) return 'Execution redrivable period exceeded';
  return undefined;
}

function listed(summary: Summary): Record<string, unknown> {
  const { events: _, announced: __, startDate, stopDate, redriveDate, ...others } = summary;
  return {
    ...others,
    startDate: seconds(startDate),
    ...(stopDate !== undefined && { stopDate: seconds(stopDate) }),
    ...(redriveDate !== undefined && { redriveDate: seconds(redriveDate) }),
  };
}

/** Members that hold an execution's data, left out on request. */
const dataMembers = new Set([
  'input',
  'output',
  'parameters',
  'assignedVariables',
  'inputDetails',
  'outputDetails',
  'assignedVariablesDetails',
]);

function wireEvent(event: HistoryEvent, withData: boolean): Record<string, unknown> {
  const { at, details, ...others } = event;
  const shown = Object.entries(details ?? {}).map(([member, detail]) => {
    const kept = Object.entries(detail).filter(([name]) => withData || !dataMembers.has(name));
    return [member, Object.fromEntries(kept)];
  });
  return { ...others, timestamp: seconds(at), ...Object.fromEntries(shown) };
}

function executionInput(text: unknown): string {
  if (text === undefined || text === null) return '{}';
  const refused = (why: string) => new AwsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${why}'`);
  if (typeof text !== 'string' || text.trim() === '') throw refused('Invalid execution input.');
  if (Buffer.byteLength(text) > maxPayloadBytes)
    throw constraint('(too long to show)', 'input', `Member must have length less than or equal to ${maxPayloadBytes}`);
  try {
    JSON.parse(text);
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  return text;
}

function taskOutput(text: unknown): Json {
  const refused = (why: string) => new AwsError('InvalidOutput', `Invalid Output: '${why}'`);
  if (typeof text !== 'string') throw refused('The output is missing');
  if (Buffer.byteLength(text) > maxPayloadBytes) throw refused(`The output exceeds ${maxPayloadBytes} bytes`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
}

function sameJson(a: string, b: string): boolean {
  return a === b || JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
}
