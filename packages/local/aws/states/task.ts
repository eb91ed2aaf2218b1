/** Does a Task: schedules it, waits for its result, its token, its timeout or its heartbeat. Retry and Catch are the thread's. */
import type { Timer } from '../../clock.ts';
import { region } from '../service.ts';
import { wholeNumber } from './act.ts';
import type { Task } from './definition.ts';
import { StatesFault, taskFault } from './fault.ts';
import type { Callback, Frame } from './frame.ts';
import { type TaskKind, taskFailed, taskKind, taskScheduled, taskStarted, taskSubmitted, taskSucceeded } from './history.ts';
import { isObject, type Json, toJson } from './json.ts';
import { contextOf, evaluate, limit, type Place } from './place.ts';

const longestTimeoutSeconds = 99_999_999;

export async function perform(place: Place, frame: Frame, state: Task): Promise<Json> {
  const kind = taskKind(state.Resource);
  if (frame.ended && 'result' in frame.ended) return frame.ended.result;
  if (frame.ended) throw recorded(frame.ended.fault);
  if (frame.callback) return wait(place, frame, state.Resource, kind, frame.callback);
  const { run } = place;
  const token = kind.waitsForToken ? run.tokens.issue() : undefined;
  const args = state.Arguments === undefined ? frame.input : await evaluate(place, frame, state.Arguments, 'Arguments', {}, token);
  const timeout = await seconds(place, frame, state.TimeoutSeconds, 'TimeoutSeconds');
  const heartbeat = await seconds(place, frame, state.HeartbeatSeconds, 'HeartbeatSeconds');
  const scheduled = taskScheduled(kind, region, args, timeout, heartbeat);
  frame.last = run.log(scheduled.type, frame.last, scheduled.details);
  const started = taskStarted(kind);
  frame.last = run.log(started.type, frame.last, started.details);
  run.touched();
  const now = run.clock.now();
  const callback: Callback = {
    token: token ?? '',
    ...(timeout !== undefined && { timeoutAt: now + timeout * 1000 }),
    ...(heartbeat !== undefined && { heartbeatAt: now + heartbeat * 1000, heartbeatMs: heartbeat * 1000 }),
  };
  return wait(place, frame, state.Resource, kind, callback, args);
}

async function seconds(place: Place, frame: Frame, template: number | string | undefined, field: string): Promise<number | undefined> {
  return template === undefined ? undefined : wholeNumber(place, frame, template, field, 1, longestTimeoutSeconds);
}

function recorded(fault: { error?: string; detail?: string; heartbeat: boolean }): StatesFault {
  return new StatesFault(fault.error, fault.detail, { heartbeat: fault.heartbeat });
}

/**
 * Waits for the first of: the invoker's answer (or the token's), the timeout, a missed heartbeat, the thread's end. With `args` the
 * invoker is called; without, the callback was handed out before a restart. What ended the task is in the frame and in the history
 * before the promise settles, in one synchronous step.
 */
function wait(place: Place, frame: Frame, resource: string, kind: TaskKind, callback: Callback, args?: Json): Promise<Json> {
  const { run, signal } = place;
  return new Promise<Json>((resolve, reject) => {
    signal.throwIfAborted();
    const call = new AbortController();
    let open = true;
    let resting = false;
    let timeout: Timer | undefined;
    let heartbeat: Timer | undefined;

    function close(): boolean {
      if (!open) return false;
      open = false;
      timeout?.cancel();
      heartbeat?.cancel();
      signal.removeEventListener('abort', stop);
      if (kind.waitsForToken) run.tokens.close(callback.token);
      if (resting) run.wake();
      return true;
    }
    function succeed(result: Json): void {
      if (!open) return;
      const fault = unacceptable(resource, kind, result);
      if (fault) {
        fail(fault);
        return;
      }
      close();
      const event = taskSucceeded(kind, result);
      frame.last = run.log(event.type, frame.last, event.details);
      frame.ended = { result };
      run.touched();
      resolve(result);
    }
    function fail(fault: StatesFault): void {
      if (!close()) return;
      call.abort(fault);
      const event = taskFailed(kind, fault);
      frame.last = run.log(event.type, frame.last, event.details);
      const { error, detail } = fault;
      const kept = { ...(error !== undefined && { error }), ...(detail !== undefined && { detail }) };
      frame.ended = { fault: { ...kept, heartbeat: fault.heartbeat } };
      run.touched();
      reject(fault);
    }
    function stop(): void {
      if (!close()) return;
      call.abort(signal.reason);
      reject(signal.reason);
    }
    function listen(): void {
      if (callback.heartbeatAt === undefined) return;
      heartbeat?.cancel();
      const late = () => fail(new StatesFault('States.Timeout', undefined, { heartbeat: true }));
      heartbeat = run.clock.after(callback.heartbeatAt - run.clock.now(), late);
    }
    function beat(): void {
      if (callback.heartbeatMs === undefined) return;
      callback.heartbeatAt = run.clock.now() + callback.heartbeatMs;
      listen();
      run.touched();
    }
    function handedOut(): void {
      frame.callback = callback;
      resting = true;
      run.rest();
    }

    signal.addEventListener('abort', stop, { once: true });
    if (callback.timeoutAt !== undefined)
      timeout = run.clock.after(callback.timeoutAt - run.clock.now(), () => fail(new StatesFault('States.Timeout')));
    listen();
    if (kind.waitsForToken) run.tokens.open(callback.token, { succeed, fail, beat });
    if (args === undefined) return handedOut();
    const token = kind.waitsForToken ? { token: callback.token } : {};
    const context = contextOf(place, frame, token.token);
    run.invoke(resource, args, { signal: call.signal, context, ...token }).then(
      (result) => {
        if (!kind.waitsForToken) return succeed(toJson(result));
        if (!open) return;
        const event = taskSubmitted(kind, toJson(result));
        frame.last = run.log(event.type, frame.last, event.details);
        handedOut();
        run.touched();
      },
      (thrown: unknown) => fail(taskFault(thrown, resource)),
    );
  });
}

/** Why a result is none: too big, or a PutEvents that left entries behind. */
function unacceptable(resource: string, kind: TaskKind, result: Json): StatesFault | undefined {
  if (resource.startsWith('arn:aws:states:::events:putEvents') && isObject(result) && Number(result.FailedEntryCount) > 0)
    return new StatesFault('EventBridge.FailedEntry', JSON.stringify(result));
  try {
    limit(kind.resourceType ?? kind.resource, result);
  } catch (fault) {
    if (fault instanceof StatesFault) return fault;
    throw fault;
  }
  return undefined;
}
