/** The door for identity providers on the internet, where the profile opens it: the routes of SCIM and hooks, each throttled by itself, and nothing else. */
import { createHash } from 'node:crypto';
import { app } from '@gatehouse/contracts/names';
import { isPushed } from '@gatehouse/contracts/throttle';
import { routes, uriOf } from './origin.ts';
import { accessLogSettings, accessLogsRole, mayInvoke, throttle } from './resources/api-stage.ts';
import { openApiOf } from './resources/openapi.ts';
import { profile, stage } from './stage.ts';

export const edgeUrl = profile.edge ? openEdge(profile.edge) : undefined;

function openEdge({ waf, requests_per_second }: NonNullable<typeof profile.edge>): $util.Output<string> {
  const name = `${app}-${stage}-edge`;
  const open = routes.filter(isPushed);
  const document = openApiOf(name, open, uriOf);
  const api = new aws.apigateway.RestApi('EdgeApi', {
    name,
    body: $jsonStringify(document),
    endpointConfiguration: { types: 'REGIONAL', ipAddressType: 'ipv4' },
  });
  const permissions = mayInvoke('edge', api, open);
  const digest = $resolve([document]).apply((parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex'));
  const deployment = new aws.apigateway.Deployment('EdgeDeployment', { restApi: api.id, triggers: { digest } }, { dependsOn: permissions });
  const live = new aws.apigateway.Stage(
    'EdgeStage',
    {
      restApi: api.id,
      stageName: stage,
      deployment: deployment.id,
      xrayTracingEnabled: false,
      accessLogSettings: accessLogSettings('EdgeAccessLog', name),
    },
    { dependsOn: [accessLogsRole()] },
  );
  throttle('Edge', live, open, requests_per_second);
  if (waf) limitAddresses(name, live);
  return live.invokeUrl;
}

/** An address that asks too often is refused for as long as it does. */
function limitAddresses(name: string, live: aws.apigateway.Stage): void {
  const visibility = (metricName: string) => ({ cloudwatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName });
  const acl = new aws.wafv2.WebAcl('EdgeWall', {
    name,
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: visibility(name),
    rules: [
      {
        name: 'requests-of-one-address',
        priority: 1,
        action: { block: {} },
        // In five minutes; an identity provider's whole resynchronisation stays well below it.
        statement: { rateBasedStatement: { limit: 5000, aggregateKeyType: 'IP' } },
        visibilityConfig: visibility(`${name}-requests-of-one-address`),
      },
    ],
  });
  new aws.wafv2.WebAclAssociation('EdgeWallAssociation', { resourceArn: live.arn, webAclArn: acl.arn });
}
