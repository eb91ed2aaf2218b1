/** Runs a Map state's iterations, inline or (in this process's memory) distributed. Items from S3 are refused at creation. */
import { type Outcome, unexpected, wholeNumber } from './act.ts';
import { executionArn, mapRunArn } from './arn.ts';
import type { MapState } from './definition.ts';
import { EvaluationFault, StatesFault } from './fault.ts';
import { type Frame, newFrame, type Spread } from './frame.ts';
import { isObject, type Json, jsonBytes, toJson } from './json.ts';
import { evaluate, evaluationFault, limit, type Place, type Run } from './place.ts';
import { logAborted, type Plan, spreadOut } from './spread.ts';

/** Iterations at once when MaxConcurrency is 0 or absent; an inline Map never runs more. */
const inlineConcurrency = 40;
const distributedConcurrency = 10_000;

export async function iterate(place: Place, frame: Frame, state: MapState): Promise<Outcome> {
  const distributed = state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED';
  const spread = frame.spread ?? (await start(place, frame, state, distributed));
  const most = distributed ? distributedConcurrency : inlineConcurrency;
  const asked =
    state.MaxConcurrency === undefined ? 0 : await wholeNumber(place, frame, state.MaxConcurrency, 'MaxConcurrency', 0, 2 ** 31 - 1);
  const concurrency = asked === 0 ? most : Math.min(asked, most);
  const last = distributed
    ? await distribute(place, frame, state, spread, concurrency)
    : await spreadOut(place, frame, spread, inline(place, frame, state, concurrency));
  const result = spread.frames.map((child): Json => child.done?.output ?? { ...child.tolerated });
  limit(frame.state, result);
  place.run.log('MapStateSucceeded', last);
  frame.last = last;
  return { result, exitAfter: last };
}

function inline({ run, outer }: Place, frame: Frame, state: MapState, concurrency: number): Plan {
  const iteration = (type: string, index: number, previous: number) => {
    const member = `mapIteration${type}EventDetails`;
    return run.log(`MapIteration${type}`, previous, { [member]: { name: frame.state, index } });
  };
  return {
    machine: () => state.ItemProcessor,
    outer: { ...outer, ...frame.variables },
    limit: concurrency,
    run: () => run,
    begin: (child, index, previous) => {
      child.last = iteration('Started', index, previous);
    },
    succeeded: (child, index) => iteration('Succeeded', index, child.last),
    failed: (child, index) => iteration('Failed', index, child.last),
    aborted: (child, index, previous) => {
      logAborted(run, state.ItemProcessor, child, previous);
      iteration('Aborted', index, previous);
    },
  };
}

/** Child workflows see no outer variables and write no event here (Step Functions, "Map state in Distributed mode"). */
async function distribute(place: Place, frame: Frame, state: MapState, spread: Spread, concurrency: number): Promise<number> {
  const { run } = place;
  const count = await tolerated(place, frame, state.ToleratedFailureCount, 'ToleratedFailureCount');
  const percentage = await tolerated(place, frame, state.ToleratedFailurePercentage, 'ToleratedFailurePercentage');
  const total = spread.frames.length;
  if (spread.redriven) {
    const details = { mapRunArn: spread.mapRunArn, redriveCount: run.redriveCount };
    spread.started = run.log('MapRunRedriven', spread.started, { mapRunRedrivenEventDetails: details });
    delete spread.redriven;
  }
  try {
    await spreadOut(place, frame, spread, {
      machine: () => state.ItemProcessor,
      outer: {},
      limit: concurrency,
      run: (index) => childRun(run, spread, frame, state, index),
      succeeded: () => spread.started,
      aborted: () => {},
      tolerates: (failures) => failures <= count || (failures / total) * 100 <= percentage,
    });
  } catch (thrown) {
    place.signal.throwIfAborted();
    const cause = 'The specified tolerated failure threshold was exceeded';
    const error = 'States.ExceedToleratedFailureThreshold';
    frame.last = run.log('MapRunFailed', spread.started, { mapRunFailedEventDetails: { error, cause } });
    throw new StatesFault(error, `${cause}: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
  return run.log('MapRunSucceeded', spread.started);
}

function childRun(run: Run, spread: Spread, frame: Frame, state: MapState, index: number): Run {
  const child = spread.frames[index];
  const id = `${spread.mapRunArn?.split(':').at(-1)}-${index}`;
  const name = `${run.machineName}/${labelOf(frame, state)}`;
  const { Execution, ...others } = run.context();
  const own = { Id: executionArn(name, id), Name: id, Input: child?.item?.Value ?? null };
  let events = 0;
  return {
    ...run,
    log: () => ++events,
    context: () => ({ ...others, Execution: { ...(isObject(Execution) && toObject(Execution)), ...own } }),
  };
}
function toObject(value: Record<string, unknown>): { [name: string]: Json } {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
}

async function tolerated(place: Place, frame: Frame, template: number | string | undefined, field: string): Promise<number> {
  if (template === undefined) return 0;
  const value = await evaluate(place, frame, template, field);
  if (typeof value !== 'number') throw unexpected(place, frame, template, field, 'number', value);
  if (value >= 0 && (field !== 'ToleratedFailurePercentage' || value <= 100)) return value;
  const sentence = `The field '${field}' must be ${field === 'ToleratedFailurePercentage' ? 'from 0 to 100' : '0 or more'}, but was ${value}.`;
  throw evaluationFault(place, frame, new EvaluationFault(field, sentence));
}

async function start(place: Place, frame: Frame, state: MapState, distributed: boolean): Promise<Spread> {
  const { run } = place;
  const values = await itemsOf(place, frame, state, distributed);
  const inputs = await batched(place, frame, state, await selected(place, frame, state, values));
  frame.last = run.log('MapStateStarted', frame.last, { mapStateStartedEventDetails: { length: values.length } });
  let started = frame.last;
  const mapRun = distributed ? mapRunArn(run.machineName, labelOf(frame, state), run.uuid()) : undefined;
  if (mapRun !== undefined) started = run.log('MapRunStarted', started, { mapRunStartedEventDetails: { mapRunArn: mapRun } });
  frame.last = started;
  const { StartAt } = state.ItemProcessor;
  const frames = inputs.map((input, Index): Frame => {
    const Value = state.ItemBatcher ? input : (values[Index] ?? null);
    return { ...newFrame(StartAt, input, started), item: { Index, Value } };
  });
  frame.spread = { frames, started, ...(mapRun !== undefined && { mapRunArn: mapRun }) };
  run.touched();
  return frame.spread;
}

function labelOf(frame: Frame, state: MapState): string {
  return state.Label ?? frame.state.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 40);
}

async function itemsOf(place: Place, frame: Frame, state: MapState, distributed: boolean): Promise<Json[]> {
  const items = state.Items === undefined ? frame.input : await evaluate(place, frame, state.Items, 'Items');
  if (Array.isArray(items)) return items;
  if (distributed && state.Items !== undefined && items !== null && typeof items === 'object')
    return Object.entries(items).map(([Key, Value]) => ({ Key, Value }));
  if (state.Items !== undefined) throw unexpected(place, frame, state.Items, 'Items', 'array', items);
  const sentence = `Map state input must be an array but was: ${JSON.stringify(items)}`;
  throw evaluationFault(place, frame, new EvaluationFault(undefined, sentence));
}

async function selected(place: Place, frame: Frame, state: MapState, values: Json[]): Promise<Json[]> {
  if (state.ItemSelector === undefined) return values;
  const inputs: Json[] = [];
  for (const [Index, Value] of values.entries()) {
    const within: Frame = { ...frame, item: { Index, Value } };
    try {
      inputs.push(await evaluate(place, within, state.ItemSelector, 'ItemSelector'));
    } finally {
      frame.last = within.last;
    }
  }
  return inputs;
}

async function batched(place: Place, frame: Frame, state: MapState, items: Json[]): Promise<Json[]> {
  const batcher = state.ItemBatcher;
  if (!batcher) return items;
  const field = 'ItemBatcher/MaxItemsPerBatch';
  const most =
    batcher.MaxItemsPerBatch === undefined
      ? Number.POSITIVE_INFINITY
      : await wholeNumber(place, frame, batcher.MaxItemsPerBatch, field, 1, 100_000_000);
  const bytesField = 'ItemBatcher/MaxInputBytesPerBatch';
  const bytes =
    batcher.MaxInputBytesPerBatch === undefined
      ? 262_144
      : await wholeNumber(place, frame, batcher.MaxInputBytesPerBatch, bytesField, 1, 262_144);
  const extra =
    batcher.BatchInput === undefined ? {} : { BatchInput: await evaluate(place, frame, batcher.BatchInput, 'ItemBatcher/BatchInput') };
  const batches: Json[] = [];
  let batch: Json[] = [];
  for (const item of items) {
    if (batch.length > 0 && (batch.length >= most || jsonBytes({ Items: [...batch, item], ...extra }) > bytes)) {
      batches.push({ Items: batch, ...extra });
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length > 0) batches.push({ Items: batch, ...extra });
  return batches;
}
