/** Records what a Pulumi program registers, in place of Pulumi's engine; answers with the outputs AWS would compute. */
import { dataSource, outputsOf } from './computed.ts';
import { plain } from './wire.ts';

export interface Registration {
  urn: string;
  type: string;
  name: string;
  /** False for a component, which is only a name over other resources. */
  custom: boolean;
  duplicate: boolean;
  parent: string | undefined;
  inputs: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  options: { protect: boolean; retainOnDelete: boolean };
}

/** Pulumi's protobuf messages, as far as they are read here. */
interface Struct {
  toJavaScript(): Record<string, unknown>;
}
interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getObject(): Struct | undefined;
}
interface ReadRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProperties(): Struct | undefined;
}
interface OutputsRequest {
  getUrn(): string;
  getOutputs(): Struct | undefined;
}
interface Response {
  getUrn(): string;
}
type Callback = (error: unknown, response: Response) => void;
type MonitorClass = new (
  mocks: unknown,
) => {
  newUrn(parent: string, type: string, name: string): string;
  registerResource(request: RegisterRequest, callback: Callback): Promise<void>;
  readResource(request: ReadRequest, callback: Callback): Promise<void>;
  registerResourceOutputs(request: OutputsRequest, callback: Callback): void;
};

export interface Recorder {
  mocks: unknown;
  monitor: unknown;
  /** By URN, in its order. */
  registrations(): Registration[];
}

export function createRecorder({ MockMonitor, stage, project }: { MockMonitor: MonitorClass; stage: string; project: string }): Recorder {
  const recorded = new Map<string, Registration>();
  const record = (registration: Omit<Registration, 'duplicate'>) => {
    recorded.set(registration.urn, { ...registration, duplicate: recorded.has(registration.urn) });
  };

  /** A class, because Pulumi's own mock monitor is one and holds the state of the run. */
  class RecordingMonitor extends MockMonitor {
    /** The stock mock keeps only a parent's last type; a real URN has the whole chain. */
    override newUrn(parent: string, type: string, name: string): string {
      const chain = parent ? (parent.split('::')[2] ?? '') : '';
      const prefix = chain && !chain.startsWith('pulumi:pulumi:Stack') ? `${chain}$` : '';
      return [`urn:pulumi:${stage}`, project, prefix + type, name].join('::');
    }
    override async registerResource(request: RegisterRequest, callback: Callback): Promise<void> {
      await super.registerResource(request, (error, response) => {
        if (!error) {
          record({
            urn: response.getUrn(),
            type: request.getType(),
            name: request.getName(),
            custom: request.getCustom(),
            parent: request.getParent() || undefined,
            inputs: plainStruct(request.getObject()),
            options: { protect: request.getProtect(), retainOnDelete: request.getRetainondelete() },
          });
        }
        callback(error, response);
      });
    }
    override async readResource(request: ReadRequest, callback: Callback): Promise<void> {
      await super.readResource(request, (error, response) => {
        if (!error) {
          record({
            urn: response.getUrn(),
            type: request.getType(),
            name: request.getName(),
            custom: true,
            parent: request.getParent() || undefined,
            inputs: plainStruct(request.getProperties()),
            options: { protect: false, retainOnDelete: false },
          });
        }
        callback(error, response);
      });
    }
    override registerResourceOutputs(request: OutputsRequest, callback: Callback): void {
      const registration = recorded.get(request.getUrn());
      if (registration) registration.outputs = plainStruct(request.getOutputs());
      super.registerResourceOutputs(request, callback);
    }
  }

  const mocks = {
    newResource({ type, name, inputs, id }: { type: string; name: string; inputs: Record<string, unknown>; id?: string }) {
      const state: Record<string, unknown> = { ...inputs, ...outputsOf(type, name, inputs) };
      return { id: id || state.id || `${name}-id`, state };
    },
    call({ token, inputs }: { token: string; inputs: Record<string, unknown> }) {
      return dataSource(token, inputs);
    },
  };
  return {
    mocks,
    monitor: new RecordingMonitor(mocks),
    registrations: () => [...recorded.values()].sort((a, b) => (a.urn < b.urn ? -1 : 1)),
  };
}

function plainStruct(struct: Struct | undefined): Record<string, unknown> {
  return (plain(struct?.toJavaScript() ?? {}) ?? {}) as Record<string, unknown>; // plain() maps an object to an object
}
