/**
 * What can go wrong at each Task of each machine that the product ships, taken from the machines' own files: it fails for a while or for good, is
 * throttled, never answers, dies after its work, or lies. A row is meant for one state and one person, so that many are played at once.
 */
import { readFileSync } from 'node:fs';
import { functionName, placeholder } from '@gatehouse/contracts/names';
import { loadSurfaces } from '@gatehouse/local/surfaces';
import { expect } from 'vitest';
import type { Stack } from '../support/stack.ts';
import { vendorLies } from './vendor-lies.ts';

export const kinds = ['fails twice', 'fails for good', 'is throttled', 'never answers once', 'dies after its work', 'lies'] as const;
export type Kind = (typeof kinds)[number];

export interface Row {
  machine: string;
  /** The Task's own name. */
  state: string;
  step: string;
  function: string;
  kind: Kind;
}

interface State {
  Type: string;
  Arguments?: { FunctionName?: string };
  Branches?: { States: Record<string, State> }[];
}

/** ROWS=expression plays only the rows of such titles. */
const wanted = new RegExp(process.env.ROWS ?? '');

/** Every machine of every surface, with one row for each of its Tasks and each kind of fault. */
export async function allRows(): Promise<ReadonlyMap<string, readonly Row[]>> {
  const surfaces = await loadSurfaces();
  const entries = new Map(
    surfaces.flatMap(({ capability, steps = {} }) =>
      Object.entries(steps).map(
        ([step, entry]) => [placeholder(step), { step, function: functionName('local', capability, entry) }] as const,
      ),
    ),
  );
  const machines = surfaces.flatMap(({ machines = [] }) => machines);
  return new Map(
    machines.map(({ name, definition }) => {
      const text = readFileSync(new URL(`../../${definition}`, import.meta.url), 'utf8');
      const rows = tasksOf(JSON.parse(text)).flatMap(([state, { Arguments }]) => {
        const called = /^\$\{(\w+)\}$/.exec(Arguments?.FunctionName ?? '')?.[1] ?? '';
        const entry = entries.get(called) ?? expect.fail(`${name}: nobody does the step of "${state}"`);
        return kinds.map((kind) => ({ machine: name, state, ...entry, kind }));
      });
      return [name, rows.filter((row) => wanted.test(titleOf(row)))];
    }),
  );
}

function tasksOf({ States }: { States: Record<string, State> }): [string, State][] {
  return Object.entries(States).flatMap(([name, state]) => [
    ...(state.Type === 'Task' ? [[name, state] as [string, State]] : []),
    ...(state.Branches ?? []).flatMap(tasksOf),
  ]);
}

export const titleOf = ({ state, kind }: Row): string => `${state}: ${kind}`;

const harms: Readonly<Record<Exclude<Kind, 'lies'>, object>> = {
  'fails twice': { error: 'Unavailable', times: 2 },
  'fails for good': { error: 'Misconfigured' },
  'is throttled': { throttle: true, times: 3 },
  'never answers once': { hang: true, times: 1 },
  'dies after its work': { lose_answer: true, times: 1 },
};

/** A step that acts says that it is done; any other says what is no answer. */
function lieOf({ step }: Row): object {
  const answer = /^(cut|restore)-/.test(step) ? { outcome: 'done', targets: [], message: 'Done.' } : {};
  return { answer };
}

/** Steps over a vendor believe it or not: there it is the vendor that says done, and does nothing. Its lie is for everybody: such a row is played alone. */
const isVendorLie = ({ kind, step }: Row): boolean => kind === 'lies' && step in vendorLies;

/** @param about text that only this row's calls hold, e.g. the person's id. */
export async function strike(stack: Stack, row: Row, about: string): Promise<void> {
  if (isVendorLie(row)) {
    for (const lie of vendorLies[row.step] ?? []) await post(`${stack.outside}/_faults`, lie);
    return;
  }
  const harm = row.kind === 'lies' ? lieOf(row) : harms[row.kind];
  await post(`${stack.aws}/_faults`, { service: 'lambda', function: row.function, state: row.state, about, ...harm });
}

/** How often the row's fault has struck; undefined: it has struck to its end. */
export async function struck(stack: Stack, row: Row, about: string): Promise<number | undefined> {
  const { faults } = await faultsOf(isVendorLie(row) ? stack.outside : stack.aws);
  if (isVendorLie(row)) return faults.reduce((sum, one) => sum + one.struck, 0);
  return faults.find((one) => one.state === row.state && one.about === about)?.struck;
}

export async function calm(stack: Stack): Promise<void> {
  await fetch(`${stack.aws}/_faults`, { method: 'DELETE' });
  await fetch(`${stack.outside}/_faults`, { method: 'DELETE' });
  await fetch(`${stack.idp}/_faults`, { method: 'DELETE' });
}

interface Listed {
  id: string;
  struck: number;
  state?: string;
  about?: string;
  hang?: boolean;
}

export async function faultsOf(origin: string): Promise<{ faults: Listed[] }> {
  return (await fetch(`${origin}/_faults`)).json() as Promise<{ faults: Listed[] }>;
}

async function post(url: string, fault: object): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });
  if (!answer.ok) throw new Error(`The fault was not taken: ${await answer.text()}`);
}

export interface Batch<S> {
  scenario: S;
  rows: readonly Row[];
}

/** What can be played at once: one scenario, calls that never answer apart from others, a vendor's lie alone. */
export function batchesOf<S extends string>(rows: readonly Row[], scenarioOf: (row: Row) => S, most: number): Batch<S>[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const apart = isVendorLie(row) ? titleOf(row) : String(row.kind === 'never answers once');
    const key = `${scenarioOf(row)} ${apart}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const slices = Array.from({ length: Math.ceil(group.length / most) }, (_, at) => group.slice(at * most, (at + 1) * most));
    return slices.map((slice) => ({ scenario: scenarioOf(first), rows: slice }));
  });
}

export const batchTitle = ({ scenario, rows }: Batch<string>): string =>
  `${scenario}: ${rows.length === 1 && rows[0] ? titleOf(rows[0]) : `${rows.length} rows, from "${rows[0] && titleOf(rows[0])}"`}`;
