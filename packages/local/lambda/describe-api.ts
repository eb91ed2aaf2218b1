/**
 * The Lambda API's reading half: which functions there are, their alias, and the tables' streams that are mapped to them. It tells what the surfaces
 * declare, and changes nothing.
 */
import { functionAlias, functionName, tableName } from '@gatehouse/contracts/names';
import type { Surface } from '@gatehouse/contracts/surface';
import type { WholeService } from '../aws/endpoint.ts';
import { createRestService, type RestCall } from '../aws/rest.ts';
import { AwsError } from '../aws/service.ts';
import { deadLetterArn } from '../dead-letters.ts';
import { stage } from '../profile.ts';
import { maxStreamRetries, streamArn } from '../streams.ts';
import type { FunctionSpec } from './contract.ts';
import { functionArn, parseFunction, version } from './reference.ts';

/** As many as AWS puts on a page. */
const pageSize = 50;

export function describeFunctions(surfaces: readonly Surface[], functions: () => readonly FunctionSpec[]): WholeService {
  function named({ path: { name: reference = '' }, query }: RestCall): FunctionSpec {
    const { name, isKnownQualifier } = parseFunction(reference, query.get('Qualifier') ?? undefined);
    const found = isKnownQualifier && functions().find((one) => one.name === name);
    if (!found) throw missing(`Function not found: ${functionArn(name)}`);
    return found;
  }
  function configuration({ name, handler, timeoutSeconds, memoryMb, env }: FunctionSpec) {
    return {
      FunctionName: name,
      FunctionArn: functionArn(name),
      Runtime: 'nodejs24.x',
      Handler: handler,
      Timeout: timeoutSeconds,
      MemorySize: memoryMb,
      Environment: { Variables: env },
      PackageType: 'Zip',
      Version: '$LATEST',
      State: 'Active',
      LastUpdateStatus: 'Successful',
    };
  }
  const alias = (name: string) => ({ AliasArn: `${functionArn(name)}:${functionAlias}`, Name: functionAlias, FunctionVersion: version });
  const mappings = surfaces.flatMap((surface) =>
    (surface.streams ?? []).map(({ entry, filters }) => {
      const name = functionName(stage, surface.capability, entry);
      return {
        // The name stands for the id that AWS would make up.
        UUID: name,
        EventSourceArn: streamArn(tableName(stage, surface.capability)),
        FunctionArn: `${functionArn(name)}:${functionAlias}`,
        FilterCriteria: { Filters: filters.map((filter) => ({ Pattern: JSON.stringify(filter) })) },
        StartingPosition: 'TRIM_HORIZON',
        MaximumRetryAttempts: maxStreamRetries,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        DestinationConfig: { OnFailure: { Destination: deadLetterArn(surface) } },
        State: 'Enabled',
      };
    }),
  );

  return createRestService('lambda', {
    ListFunctions: {
      method: 'GET',
      path: '/2015-03-31/functions',
      run({ query }) {
        const all = [...functions()].sort((a, b) => (a.name < b.name ? -1 : 1));
        const { items, next } = page(all, query);
        return { body: { Functions: items.map(configuration), ...(next && { NextMarker: next }) } };
      },
    },
    GetFunction: {
      method: 'GET',
      path: '/2015-03-31/functions/{name}',
      run(call) {
        const found = named(call);
        const reserved = found.concurrency && { Concurrency: { ReservedConcurrentExecutions: found.concurrency } };
        return { body: { Configuration: configuration(found), ...reserved } };
      },
    },
    GetFunctionConfiguration: {
      method: 'GET',
      path: '/2015-03-31/functions/{name}/configuration',
      run: (call) => ({ body: configuration(named(call)) }),
    },
    ListAliases: {
      method: 'GET',
      path: '/2015-03-31/functions/{name}/aliases',
      run: (call) => ({ body: { Aliases: [alias(named(call).name)] } }),
    },
    ListEventSourceMappings: {
      method: 'GET',
      path: '/2015-03-31/event-source-mappings',
      run({ query }) {
        const name = query.get('FunctionName');
        const source = query.get('EventSourceArn');
        const wanted = mappings.filter(
          (one) =>
            (name === null || one.FunctionArn.split(':').includes(name) || one.FunctionArn.startsWith(name)) &&
            (source === null || one.EventSourceArn === source),
        );
        const { items, next } = page(wanted, query);
        return { body: { EventSourceMappings: items, ...(next && { NextMarker: next }) } };
      },
    },
  });
}

/** `Marker`: how many were told before. */
function page<T>(all: readonly T[], query: URLSearchParams): { items: readonly T[]; next: string | undefined } {
  const most = Math.min(Number(query.get('MaxItems') ?? pageSize), pageSize);
  const from = Number(query.get('Marker') ?? 0);
  if (!(most >= 1) || !(from >= 0)) throw new AwsError('InvalidParameterValueException', 'MaxItems or Marker is no number that can be');
  return { items: all.slice(from, from + most), next: from + most < all.length ? String(from + most) : undefined };
}

function missing(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message, { status: 404 });
}
