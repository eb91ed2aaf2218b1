/** One sweep in a thread of its own, as P2 measures it: its time, and the most heap that it held. */
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { oktaDirectory } from '../../packages/people/okta.directory.ts';
import { type Swept, sweepDirectory } from '../../packages/people/sweep.dynamo.ts';

export interface SweepTask {
  table: string;
  issuer: string;
  tokenArn: string;
  env: Readonly<Record<string, string>>;
}
export interface SweepResult {
  swept: Swept;
  seconds: number;
  heapMb: number;
}

const task = workerData as SweepTask;
let most = 0;
const look = setInterval(() => {
  most = Math.max(most, getHeapStatistics().used_heap_size);
}, 50);
const began = performance.now();
const directory = oktaDirectory({ issuer: task.issuer, url: task.issuer, tokenArn: task.tokenArn });
const bounds = { now: () => Date.now(), deadline: Date.now() + 810_000, maxReads: 2_000 };
const swept = await sweepDirectory(task.table, directory, bounds);
clearInterval(look);
const result: SweepResult = { swept, seconds: (performance.now() - began) / 1_000, heapMb: most / 1024 / 1024 };
parentPort?.postMessage(result);
