/** Builds and reads the ARNs of machines, versions, aliases, executions and map runs. */
import { AwsError, account, region } from '../service.ts';

const prefix = `arn:aws:states:${region}:${account}`;

export function machineArn(name: string): string {
  return `${prefix}:stateMachine:${name}`;
}
export function executionArn(machine: string, name: string): string {
  return `${prefix}:execution:${machine}:${name}`;
}
export function mapRunArn(machine: string, label: string, id: string): string {
  return `${prefix}:mapRun:${machine}/${label}:${id}`;
}

export interface MachineReference {
  /** Without version or alias. */
  arn: string;
  name: string;
  /** A version's number or an alias's name. */
  qualifier?: string;
}

/** Reads a machine's ARN, with or without a version or alias. Throws InvalidArn. */
export function parseMachineArn(arn: unknown): MachineReference {
  const [name, qualifier, rest] = resource(arn, 'stateMachine');
  if (!name || rest !== undefined) throw invalidArn(`Resource type not valid in this context: ${arn}`);
  return { arn: machineArn(name), name, ...(qualifier !== undefined && { qualifier }) };
}

/** Reads an execution's ARN. Throws InvalidArn. */
export function parseExecutionArn(arn: unknown): { machine: string; name: string } {
  const [machine, name, rest] = resource(arn, 'execution');
  if (!machine || !name || rest !== undefined) throw invalidArn(`Resource type not valid in this context: ${arn}`);
  return { machine, name };
}

function resource(arn: unknown, type: string): string[] {
  if (typeof arn !== 'string' || !arn.startsWith('arn:')) throw invalidArn(`Invalid ARN prefix: ${arn}`);
  const [, , service, , , kind, ...rest] = arn.split(':');
  if (service !== 'states' || kind !== type) throw invalidArn(`Resource type not valid in this context: ${kind ?? arn}`);
  return rest;
}

function invalidArn(what: string): AwsError {
  return new AwsError('InvalidArn', `Invalid Arn: '${what}'`);
}
