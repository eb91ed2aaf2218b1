/** Services that speak REST with JSON bodies (EFS, Backup): finds the operation by method and path, and writes the answer. It knows no service. */
import type { AwsAnswer, AwsRequest, WholeService } from './endpoint.ts';
import { AwsError } from './service.ts';

export interface RestCall {
  /** Decoded, by the names in the path. */
  path: Readonly<Record<string, string>>;
  query: URLSearchParams;
  body: Readonly<Record<string, unknown>>;
}

export interface RestOperation {
  method: string;
  /** e.g. `/backup-jobs/{id}`. */
  path: string;
  run(call: RestCall): { status?: number; body?: object };
  /** What IAM is asked about; nothing in particular when absent. */
  asks?(call: RestCall): readonly Asking[];
}

/** Of IAM: the action, the resource, and the values of condition keys. */
export interface Asking {
  action: string;
  resource: string;
  context?: Readonly<Record<string, string>>;
}

/** @param signedFor the service in the signature's scope. */
export function createRestService(signedFor: string, operations: Readonly<Record<string, RestOperation>>): WholeService {
  const patterns = Object.entries(operations).map(([name, operation]) => ({ name, operation, pattern: patternOf(operation.path) }));

  function found(request: AwsRequest) {
    if (request.signedFor !== signedFor) return undefined;
    for (const { name, operation, pattern } of patterns) {
      const match = operation.method === request.method ? pattern.exec(request.url.pathname) : null;
      if (match) return { name, operation, call: callOf(request, match.groups ?? {}) };
    }
    return undefined;
  }

  return {
    name: signedFor,
    operationOf: (request) => found(request)?.name,
    inputOf(request) {
      const one = found(request);
      return one?.operation.asks ? { asked: one.operation.asks(one.call) } : {};
    },
    async answer(request): Promise<AwsAnswer> {
      const one = found(request);
      if (!one) throw new AwsError('UnknownOperationException', `${request.method} ${request.url.pathname} is not in the embedded stack`);
      const { status = 200, body } = one.operation.run(one.call);
      return body === undefined
        ? { status, contentType: '', body: '' }
        : { status, contentType: 'application/json', body: JSON.stringify(body) };
    },
  };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}/?$`);
}

function callOf({ url, body }: AwsRequest, groups: Readonly<Record<string, string>>): RestCall {
  const path = Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  return { path, query: url.searchParams, body: parsed(body) };
}

function parsed(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below, as for any other body that is no object.
  }
  throw new AwsError('SerializationException', 'The body is not a JSON object');
}
