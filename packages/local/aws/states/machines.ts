/** The state machines with their versions and aliases. Never runs one. */
import { createHash } from 'node:crypto';
import { AwsError } from '../service.ts';
import { machineArn, parseMachineArn } from './arn.ts';
import { checkDefinition, type Problem } from './check.ts';
import type { TopMachine } from './definition.ts';
import type { ExecutionStore } from './store.ts';

export interface Revision {
  /** SHA-256 of the definition's text. */
  definition: string;
  roleArn: string;
  /** Absent for the machine as it was created. */
  revisionId?: string;
}
export interface Version extends Revision {
  number: number;
  description?: string;
  createdAt: number;
}
export interface Route {
  version: number;
  weight: number;
}
export interface Alias {
  name: string;
  description?: string;
  routes: Route[];
  createdAt: number;
  updatedAt: number;
}
export interface MachineRecord extends Revision {
  arn: string;
  name: string;
  createdAt: number;
  updatedAt: number;
  logging?: unknown;
  tracing?: unknown;
  tags: Record<string, string>;
  versions: Version[];
  lastVersion: number;
  aliases: Alias[];
}

/** What an execution would run. */
export interface Resolved {
  record: MachineRecord;
  revision: Revision;
  version?: Version;
  alias?: Alias;
}

export interface Machines {
  open(): Promise<void>;
  /** Resolves when the change survives the process. */
  save(): Promise<void>;
  all(): MachineRecord[];
  add(record: MachineRecord): void;
  remove(arn: string): void;
  /** Throws InvalidArn, StateMachineDoesNotExist. */
  get(arn: unknown): MachineRecord;
  /** By machine, version or alias ARN; an alias picks a version by weight. */
  resolve(arn: unknown): Resolved;
  /** Checks a definition and returns its hash. Throws InvalidDefinition. */
  accept(text: unknown): Promise<string>;
  problems(text: string): readonly Problem[];
  definition(hash: string): Promise<{ text: string; machine: TopMachine }>;
}

export function createMachines(options: { store: ExecutionStore; compile: (expression: string) => void; random: () => number }): Machines {
  const { store, compile, random } = options;
  const records = new Map<string, MachineRecord>();
  const definitions = new Map<string, { text: string; machine: TopMachine }>();
  let saved: Promise<void> = Promise.resolve();

  function get(arn: unknown): MachineRecord {
    const record = records.get(parseMachineArn(arn).arn);
    if (!record) throw noMachine(arn);
    return record;
  }
  function resolve(arn: unknown): Resolved {
    const { qualifier } = parseMachineArn(arn);
    const record = get(arn);
    if (qualifier === undefined) return { record, revision: record };
    const alias = record.aliases.find((each) => each.name === qualifier);
    const number = alias ? pick(alias.routes, random) : Number(qualifier);
    const version = record.versions.find((each) => each.number === number);
    if (!version) throw noMachine(arn);
    return { record, revision: version, version, ...(alias && { alias }) };
  }
  async function accept(text: unknown): Promise<string> {
    if (typeof text !== 'string') throw new AwsError('InvalidDefinition', 'Invalid State Machine Definition: the definition is missing');
    const hash = createHash('sha256').update(text).digest('hex');
    if (definitions.has(hash)) return hash;
    const checked = checkDefinition(text, compile);
    if ('problems' in checked) throw new AwsError('InvalidDefinition', `Invalid State Machine Definition: '${sentence(checked.problems)}'`);
    await store.keepDefinition(hash, text);
    definitions.set(hash, { text, machine: checked.machine });
    return hash;
  }
  async function definition(hash: string): Promise<{ text: string; machine: TopMachine }> {
    const known = definitions.get(hash);
    if (known) return known;
    const text = await store.definition(hash);
    if (text === undefined) throw new Error(`The store holds no definition ${hash}`);
    const checked = checkDefinition(text, compile);
    if ('problems' in checked) throw new Error(`The stored definition ${hash} is no longer valid: ${sentence(checked.problems)}`);
    const found = { text, machine: checked.machine };
    definitions.set(hash, found);
    return found;
  }
  function problems(text: string): readonly Problem[] {
    const checked = checkDefinition(text, compile);
    return 'problems' in checked ? checked.problems : [];
  }
  async function open(): Promise<void> {
    const text = await store.registry();
    const kept: MachineRecord[] = text === undefined ? [] : JSON.parse(text);
    for (const record of kept) records.set(record.arn, record);
  }
  function save(): Promise<void> {
    const text = JSON.stringify([...records.values()]);
    saved = saved.catch(() => {}).then(() => store.keepRegistry(text));
    return saved;
  }
  return {
    open,
    save,
    all: () => [...records.values()],
    add: (record) => void records.set(record.arn, record),
    remove: (arn) => void records.delete(arn),
    get,
    resolve,
    accept,
    problems,
    definition,
  };
}

export function versionArn(record: MachineRecord, number: number): string {
  return `${record.arn}:${number}`;
}
export function aliasArn(record: MachineRecord, alias: Alias): string {
  return `${record.arn}:${alias.name}`;
}

export function newRecord(name: string, revision: Revision, now: number): MachineRecord {
  const dates = { createdAt: now, updatedAt: now };
  return { arn: machineArn(name), name, ...revision, ...dates, tags: {}, versions: [], lastVersion: 0, aliases: [] };
}

/** The machine's newest version when it already is of the current revision, else a new one. */
export function publish(record: MachineRecord, description: string | undefined, now: number): Version {
  const newest = record.versions.at(-1);
  if (newest && newest.revisionId === record.revisionId) return newest;
  record.lastVersion++;
  const version: Version = {
    number: record.lastVersion,
    definition: record.definition,
    roleArn: record.roleArn,
    createdAt: now,
    ...(record.revisionId !== undefined && { revisionId: record.revisionId }),
    ...(description !== undefined && { description }),
  };
  record.versions.push(version);
  return version;
}

function pick(routes: readonly Route[], random: () => number): number | undefined {
  let point = random() * 100;
  for (const route of routes) {
    point -= route.weight;
    if (point < 0) return route.version;
  }
  return routes.at(-1)?.version;
}

function sentence(problems: readonly Problem[]): string {
  return problems.map(({ code, message, location }) => `${code}: ${message} at ${location}`).join(', ');
}

function noMachine(arn: unknown): AwsError {
  return new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
}
