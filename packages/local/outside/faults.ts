/**
 * Faults on demand for the stand-in systems: a status, a delay in stack time, an answer that never comes or is lost after the work was done.
 * Asked for at `/_faults`; a fault counts how often it struck and ends after `times`, or `seconds` of stack time.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { type Answer, type Call, Refused, route, type System, send } from './http.ts';

export interface Fault {
  id: string;
  /** Strikes this path and everything below it. */
  path: string;
  method?: string;
  /** Answered instead of the system's own, in its own error shape unless `body` is given. */
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Stack time. */
  delay_ms?: number;
  /** The answer never comes; the connection stays open until the caller or a DELETE of the faults ends it. */
  hang?: boolean;
  /** The call is done in full, then the connection is cut before the answer. */
  lose_answer?: boolean;
  /** Something only the system knows how to do, e.g. `build-fails`. */
  effect?: string;
  /** Calls left to strike; absent: until deleted. */
  times?: number;
  /** Ends after so much stack time. */
  seconds?: number;
  struck: number;
}

export interface Met {
  /** The fault has answered, or never will. */
  over: boolean;
  answerLost: boolean;
  effect?: string;
}

export interface Faults {
  system: System;
  meet(request: IncomingMessage, response: ServerResponse, path: string, refuse: System['refuse']): Promise<Met>;
  add(fault: Partial<Omit<Fault, 'id' | 'struck'>>): Fault;
  clear(): void;
}

/** @param effects the words that the systems behind these faults understand. */
export function createFaults(clock: Clock, effects: readonly string[] = []): Faults {
  let faults: Fault[] = [];
  const hanging = new Map<ServerResponse, Fault>();

  function add(wanted: Partial<Omit<Fault, 'id' | 'struck'>>): Fault {
    const fault: Fault = { path: '/', ...wanted, id: randomUUID(), struck: 0 };
    faults.push(fault);
    if (fault.seconds !== undefined) clock.after(fault.seconds * 1000, () => end(fault));
    return fault;
  }
  /** Calls that it holds end with it. */
  function end(fault: Fault): void {
    faults = faults.filter((one) => one !== fault);
    for (const [response, holder] of hanging) if (holder === fault) response.destroy();
  }
  function clear(): void {
    faults = [];
    for (const response of hanging.keys()) response.destroy();
    hanging.clear();
  }

  async function meet(request: IncomingMessage, response: ServerResponse, path: string, refuse: System['refuse']): Promise<Met> {
    const fault = path.startsWith('/_faults') ? undefined : faults.find((one) => strikes(one, request.method ?? 'GET', path));
    if (!fault) return { over: false, answerLost: false };
    fault.struck += 1;
    if (fault.times !== undefined && fault.struck >= fault.times) faults = faults.filter((one) => one !== fault);
    if (fault.delay_ms) await clock.sleep(fault.delay_ms);
    if (fault.hang) {
      request.resume();
      hanging.set(response, fault);
      response.on('close', () => hanging.delete(response));
      return { over: true, answerLost: false };
    }
    if (fault.status !== undefined) {
      request.resume();
      send(response, struckAnswer(fault, fault.status, refuse));
      return { over: true, answerLost: false };
    }
    return { over: false, answerLost: fault.lose_answer === true, ...(fault.effect === undefined ? {} : { effect: fault.effect }) };
  }

  const system: System = {
    prefix: '/_faults',
    refuse: (status, message) => ({ status, body: { error: message } }),
    routes: [
      route('GET', '', () => ({ status: 200, body: { faults } })),
      route('POST', '', (call) => ({ status: 201, body: add(parseFault(call, effects)) })),
      route('DELETE', '', () => {
        clear();
        return { status: 200, body: { faults } };
      }),
      route('DELETE', '/:id', ({ params: { id } }) => {
        const fault = faults.find((one) => one.id === id);
        if (!fault) return { status: 404, body: { error: `There is no fault ${id}; GET /_faults lists them` } };
        end(fault);
        return { status: 200, body: { faults } };
      }),
    ],
  };
  return { system, meet, add, clear };
}

function strikes(fault: Fault, method: string, path: string): boolean {
  if (fault.method && fault.method !== method) return false;
  const prefix = fault.path.endsWith('/') ? fault.path.slice(0, -1) : fault.path;
  return path === prefix || path.startsWith(`${prefix}/`);
}

function struckAnswer(fault: Fault, status: number, refuse: System['refuse']): Answer {
  const own = fault.body === undefined ? refuse(status, 'A fault was injected') : { status, body: fault.body };
  return { ...own, status, headers: { ...own.headers, ...fault.headers } };
}

const fields = {
  path: 'string',
  method: 'string',
  status: 'number',
  delay_ms: 'number',
  hang: 'boolean',
  lose_answer: 'boolean',
  effect: 'string',
  times: 'number',
  seconds: 'number',
  headers: 'object',
} as const;

/** Refuses what it does not know, so that a misspelt fault is not silently no fault. */
function parseFault(call: Call, effects: readonly string[]): Partial<Omit<Fault, 'id' | 'struck'>> {
  const given = call.body;
  for (const [name, value] of Object.entries(given)) {
    if (name === 'body') continue;
    const type = (fields as Readonly<Record<string, string>>)[name];
    if (!type) throw bad(`"${name}" is no part of a fault; it takes ${Object.keys(fields).join(', ')} and body`);
    if (typeof value !== type) throw bad(`"${name}" is a ${type}, not ${JSON.stringify(value)}`);
  }
  if (typeof given.status === 'number' && !(given.status >= 200 && given.status <= 599)) throw bad('"status" is between 200 and 599');
  if (typeof given.times === 'number' && !(given.times >= 1)) throw bad('"times" is at least 1');
  if (typeof given.seconds === 'number' && !(given.seconds > 0)) throw bad('"seconds" is above 0, in stack time');
  if (typeof given.effect === 'string' && !effects.includes(given.effect)) {
    throw bad(`"effect" is one of ${effects.join(', ') || 'none here'}, not "${given.effect}"`);
  }
  if (typeof given.path === 'string' && !given.path.startsWith('/')) throw bad('"path" begins with a slash, e.g. "/litellm/key/block"');
  return given;
}

function bad(message: string): Refused {
  return new Refused({ status: 400, body: { error: message } });
}
