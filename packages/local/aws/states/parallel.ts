/** Runs a Parallel state's branches and gathers their outputs in the order of the branches. */
import type { Outcome } from './act.ts';
import type { Machine, Parallel } from './definition.ts';
import { type Frame, newFrame, type Spread } from './frame.ts';
import type { Json } from './json.ts';
import { evaluate, limit, type Place } from './place.ts';
import { logAborted, spreadOut } from './spread.ts';

export async function branchOut(place: Place, frame: Frame, state: Parallel): Promise<Outcome> {
  const { run } = place;
  const spread = frame.spread ?? (await start(place, frame, state));
  const branch = (index: number): Machine => {
    const machine = state.Branches[index];
    if (!machine) throw new RangeError(`The state '${frame.state}' has no branch ${index}`);
    return machine;
  };
  const last = await spreadOut(place, frame, spread, {
    machine: branch,
    outer: { ...place.outer, ...frame.variables },
    limit: spread.frames.length,
    run: () => run,
    succeeded: (child) => child.last,
    aborted: (child, index, previous) => logAborted(run, branch(index), child, previous),
  });
  const result = spread.frames.map((child): Json => child.done?.output ?? null);
  limit(frame.state, result);
  run.log('ParallelStateSucceeded', last);
  frame.last = last;
  return { result, exitAfter: last };
}

async function start(place: Place, frame: Frame, state: Parallel): Promise<Spread> {
  const { run } = place;
  const input = state.Arguments === undefined ? frame.input : await evaluate(place, frame, state.Arguments, 'Arguments');
  frame.last = run.log('ParallelStateStarted', frame.last);
  const started = frame.last;
  frame.spread = { frames: state.Branches.map((branch) => newFrame(branch.StartAt, input, started)), started };
  run.touched();
  return frame.spread;
}
