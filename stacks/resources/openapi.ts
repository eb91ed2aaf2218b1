/** The API's document, from the routes of all surfaces: what API Gateway imports. Pure data; `U` is how the caller writes a function's address. */
import type { Capability, Route } from '@gatehouse/contracts/surface';

export interface ApiRoute extends Route {
  capability: Capability;
}

/** Every route is a proxy integration; who may call is decided behind it, by `runtime.admit`. */
export function openApiOf<U>(title: string, routes: readonly ApiRoute[], uriOf: (route: ApiRoute) => U) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    const method = route.method.toLowerCase();
    if (operations[method]) throw new Error(`Two surfaces route ${route.method} ${route.path}`);
    operations[method] = {
      operationId: `${route.capability}-${route.name}`,
      ...parametersOf(route.path),
      responses: {},
      'x-amazon-apigateway-integration': {
        type: 'aws_proxy',
        httpMethod: 'POST',
        uri: uriOf(route),
        passthroughBehavior: 'when_no_match',
        ...(route.stream ? { responseTransferMode: 'STREAM', timeoutInMillis: 900_000 } : { timeoutInMillis: 29_000 }),
      },
    };
    paths[route.path] = operations;
  }
  return {
    openapi: '3.0.1',
    info: { title, version: '1' },
    paths,
    'x-amazon-apigateway-binary-media-types': ['*/*'],
    'x-amazon-apigateway-gateway-responses': gatewayResponses,
  };
}

/**
 * The platform's own failures, as OTLP exporters and the CLI must see them: retryable, and without a body that could be taken for ours.
 * The status of DEFAULT_5XX is the status of every 5xx type that is not set here.
 */
const gatewayResponses = {
  DEFAULT_5XX: {
    statusCode: '503',
    responseParameters: { 'gatewayresponse.header.Retry-After': "'1'" },
    responseTemplates: { 'application/json': '' },
  },
  THROTTLED: {
    statusCode: '429',
    responseParameters: { 'gatewayresponse.header.Retry-After': "'1'" },
    responseTemplates: { 'application/json': '' },
  },
};

function parametersOf(path: string): Record<string, unknown> {
  const names = [...path.matchAll(/\{([^}+]+)\+?\}/g)].map((match) => match[1]);
  if (names.length === 0) return {};
  return { parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })) };
}
