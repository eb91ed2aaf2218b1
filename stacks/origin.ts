/** The private REST API itself, from the routes of all surfaces, and the address that clients write. It comes first: every function knows that address. */
import { app, functionAlias, functionName } from '@gatehouse/contracts/names';
import { apiEndpoint } from './network.ts';
import { openApiOf } from './resources/openapi.ts';
import { arn, invocationUri, profile, region, stage } from './stage.ts';
import { surfaces } from './surfaces.ts';

const name = `${app}-${stage}`;
export const routes = surfaces.flatMap(({ capability, routes = [] }) => routes.map((route) => ({ ...route, capability })));

/** By name and not by resource: the functions themselves come later. */
export function uriOf({ capability, entry, stream }: (typeof routes)[number]): $util.Output<string> {
  return invocationUri(arn('lambda', `function:${functionName(stage, capability, entry)}:${functionAlias}`), stream);
}

export const document = openApiOf(name, routes, uriOf);

export const api = new aws.apigateway.RestApi('Api', {
  name,
  body: $jsonStringify(document),
  endpointConfiguration: { types: 'PRIVATE', vpcEndpointIds: [apiEndpoint.id] },
  // On the API itself, since a private one without a policy cannot be deployed; "execute-api:/*" avoids naming its own ARN.
  policy: $jsonStringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*' },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 'execute-api:Invoke',
        Resource: 'execute-api:/*',
        Condition: { StringNotEquals: { 'aws:SourceVpce': apiEndpoint.id } },
      },
    ],
  }),
});

const written = profile.public_url ?? (profile.domain && `https://${profile.domain.name}`);
/** Issuer and audience of every access token. */
export const publicUrl =
  written === undefined ? $interpolate`https://${api.id}.execute-api.${region}.amazonaws.com/${stage}` : $output(written);
