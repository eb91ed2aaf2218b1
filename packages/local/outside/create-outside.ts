/** The outside systems of the company on one port, each under its prefix, with faults at `/_faults`. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Workload } from '../workloads.ts';
import { type AnthropicOptions, createAnthropic } from './anthropic/create-anthropic.ts';
import { createMessagesApi, createPlatformOnAws, localModelKeys, type ModelKeys } from './anthropic/doors.ts';
import { createModel } from './anthropic/model.ts';
import { createBedrock } from './bedrock/create-bedrock.ts';
import { createChat } from './chat/create-chat.ts';
import { type CoderOptions, createCoder } from './coder/create-coder.ts';
import { buildEffects } from './coder/workspaces.ts';
import { createFaults, type Faults } from './faults.ts';
import { listener, send } from './http.ts';
import { createLitellm, type LitellmOptions } from './litellm/create-litellm.ts';
import { limitsSystem, type Tally } from './rate-limit.ts';

export interface OutsideOptions {
  /** 0 takes any free port. */
  port: number;
  clock: Clock;
  litellm: LitellmOptions;
  coder: CoderOptions;
  /** Absent: the company has no organization at Anthropic, and `/anthropic/v1/organizations` is not there. */
  anthropic?: AnthropicOptions;
  /** What the doors to the models take; `localModelKeys` unless told. */
  modelKeys?: ModelKeys;
  /** Who has an account everywhere when the systems start fresh. */
  people: readonly { email: string; name: string }[];
  /** Absent: everything is forgotten at the end. */
  dataFolder?: string;
}

export interface Outside {
  server: Server;
  /** `http://127.0.0.1:<port>`; the systems are at `/litellm`, `/coder`, `/anthropic`, `/aws-external-anthropic`, `/bedrock`, `/slack` and `/pagerduty`; `/_model` steers the models. */
  origin: string;
  faults: Faults;
  /** What Coder's template has made in AWS. */
  workloads(): Workload[];
  close(): Promise<void>;
}

export async function createOutside(options: OutsideOptions): Promise<Outside> {
  const tally: Tally = new Map();
  const context = {
    tally,
    clock: options.clock,
    people: options.people,
    ...(options.dataFolder === undefined ? {} : { dataFolder: options.dataFolder }),
  };
  const litellm = createLitellm(options.litellm, context);
  const coder = createCoder(options.coder, context);
  const anthropic = options.anthropic && createAnthropic(options.anthropic, context);
  await Promise.all([litellm.ready, coder.ready, anthropic?.ready]);
  const faults = createFaults(options.clock, buildEffects);
  const model = createModel(options.clock);
  const models = { clock: options.clock, model, keys: options.modelKeys ?? localModelKeys };
  const systems = [
    litellm.system,
    coder.system,
    createMessagesApi(models, anthropic?.routes),
    createPlatformOnAws(models),
    createBedrock(models),
    model.control,
    ...createChat(),
    limitsSystem(tally),
  ];
  const server = createServer(
    listener(systems, faults, (_request, response) => {
      send(response, {
        status: 404,
        body: { error: `Nothing is here; the systems are ${systems.map((system) => system.prefix).join(', ')}` },
      });
    }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;

  async function close(): Promise<void> {
    faults.clear();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return { server, origin: `http://127.0.0.1:${port}`, faults, workloads: coder.workloads, close };
}
