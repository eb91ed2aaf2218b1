/** The graph of one stage as a test reads it: what `sst diff` would create in an empty account. */
import { capture } from './capture.ts';

export interface Resource {
  urn: string;
  type: string;
  /** Its name in the program. */
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs are as many shapes as AWS has resources; each test names the members it reads.
  inputs: any;
  protect: boolean;
  retainOnDelete: boolean;
}

export interface Graph {
  stage: string;
  resources: readonly Resource[];
  /** All of a type, e.g. `aws:lambda/function:Function`. */
  all(type: string): Resource[];
  /** The one of that type with that name; an error when there is none. */
  one(type: string, name: string): Resource;
}

/** Runs SST if its inputs changed since the last capture of the stage; else reads that. */
export async function capturedGraph(stage: string): Promise<Graph> {
  const resources = await capture(stage);
  const all = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    stage,
    resources,
    all,
    one(type, name) {
      const found = all(type).find((resource) => resource.name === name);
      if (!found) throw new Error(`${type} ${name} is not in the graph of ${stage}`);
      return found;
    },
  };
}
