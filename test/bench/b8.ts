/** B8: from `npm start` to the first finished workflow, in the default mode, and what memory a thousand dry runs leave. Real seconds. */
import { readFile } from 'node:fs/promises';
import { DescribeExecutionCommand, ListStateMachinesCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { type Stack, startStack } from '../support/stack.ts';
import { atMost, type Measure } from './figure.ts';

const starts = 5;
const dryRuns = 1000;
const atOnce = 8;

export const measure: Measure = async (say) => {
  const seconds: number[] = [];
  let megabytes = Number.NaN;
  for (let run = 0; run < starts; run++) {
    const began = performance.now();
    const stack = await startStack();
    try {
      await dryRunOf(await offboardingOf(stack), 'alice@example.com');
      seconds.push((performance.now() - began) / 1000);
      say(`start ${run + 1}: ports after ${(stack.startedInMs / 1000).toFixed(2)} s, first workflow after ${seconds.at(-1)?.toFixed(2)} s`);
      if (run === starts - 1) megabytes = await memoryAfter(dryRuns, stack, say);
    } finally {
      await stack.stop();
    }
  }
  return { B8a: atMost(2, 's', seconds), B8b: atMost(800, 'MB', [megabytes]) };
};

/** Resident megabytes of the stack once that many dry runs of offboarding have ended well. */
export async function memoryAfter(runs: number, stack: Stack, say: (line: string) => void): Promise<number> {
  const offboarding = await offboardingOf(stack);
  const began = performance.now();
  let done = 0;
  const people = ['alice@example.com', 'bob@example.com', 'dave@example.com'];
  const worker = async () => {
    while (done < runs) await dryRunOf(offboarding, people[done++ % people.length] ?? '');
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const rate = runs / ((performance.now() - began) / 1000);
  const megabytes = await residentMegabytes(stack.pid);
  say(`${runs} dry runs at ${rate.toFixed(0)} a second leave ${megabytes.toFixed(0)} MB resident`);
  return megabytes;
}

interface Offboarding {
  states: SFNClient;
  machine: string;
}

async function offboardingOf(stack: Stack): Promise<Offboarding> {
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
  const states = new SFNClient({ endpoint: stack.aws, region: 'us-east-1', credentials });
  const { stateMachines = [] } = await states.send(new ListStateMachinesCommand({}));
  const found = stateMachines.find(({ name }) => name?.endsWith('offboarding'))?.stateMachineArn;
  if (!found) throw new Error(`No offboarding machine among ${stateMachines.map(({ name }) => name).join(', ')}`);
  return { states, machine: found };
}

async function dryRunOf({ states, machine }: Offboarding, person: string): Promise<void> {
  const input = JSON.stringify({ person, reason: 'a measurement', dry_run: true });
  const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn: machine, input }));
  for (;;) {
    const { status, error, cause } = await states.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'SUCCEEDED') return;
    if (status !== 'RUNNING') throw new Error(`A dry run ended ${status}: ${error} ${cause}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
