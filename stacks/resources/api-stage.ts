/** What the private API and the edge share: the right to invoke, the throttles, the access log, and the role that writes it. */
import type { Capability, Route } from '@gatehouse/contracts/surface';
import { isPushed, methodPathOf, pushThrottle, type Throttle, usualThrottle } from '@gatehouse/contracts/throttle';
import { functionOf } from '../capability.ts';
import { partition, pascal } from '../stage.ts';
import { accessLog } from './log.ts';

/** One permission for each function behind the routes, on its alias. */
export function mayInvoke(
  prefix: string,
  api: aws.apigateway.RestApi,
  routes: readonly { capability: Capability; entry: string }[],
): aws.lambda.Permission[] {
  const invoked = new Map(routes.map(({ capability, entry }) => [`${capability}/${entry}`, { capability, entry }]));
  return [...invoked.values()].map(({ capability, entry }) => {
    const { name, alias } = functionOf(capability, entry);
    return new aws.lambda.Permission(pascal(prefix, capability, entry, 'permission'), {
      action: 'lambda:InvokeFunction',
      function: name,
      qualifier: alias.name,
      principal: 'apigateway.amazonaws.com',
      sourceArn: $interpolate`${api.executionArn}/*`,
    });
  });
}

/** @param pushesPerSecond of each route that an identity provider calls; every such route has a setting, hence a bucket, of its own. */
export function throttle(
  prefix: string,
  live: aws.apigateway.Stage,
  routes: readonly (Route & { capability: Capability })[],
  pushesPerSecond?: number,
): void {
  const settingsOf = (methodPath: string, { perSecond, burst }: Throttle) => ({
    restApi: live.restApi,
    stageName: live.stageName,
    methodPath,
    settings: {
      throttlingRateLimit: perSecond,
      throttlingBurstLimit: burst,
      loggingLevel: 'OFF',
      dataTraceEnabled: false,
      metricsEnabled: false,
    },
  });
  const pushed = routes.filter(isPushed);
  const ofPushed = pushThrottle(pushesPerSecond);
  const usual = pushed.length === routes.length ? ofPushed : usualThrottle;
  const all = new aws.apigateway.MethodSettings(`${prefix}Throttle`, settingsOf('*/*', usual));
  // After the setting of all, which would write over those of one.
  for (const route of pushed)
    new aws.apigateway.MethodSettings(pascal(prefix, route.capability, route.name, 'throttle'), settingsOf(methodPathOf(route), ofPushed), {
      dependsOn: [all],
    });
}

/** The route and not the path: paths carry ids, and query strings carry codes. */
const format = JSON.stringify({
  request_id: '$context.requestId',
  time: '$context.requestTime',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  latency_ms: '$context.responseLatency',
  function_status: '$context.integration.status',
  function_latency_ms: '$context.integration.latency',
  error: '$context.error.responseType',
  source_ip: '$context.identity.sourceIp',
  user_agent: '$context.identity.userAgent',
});

export function accessLogSettings(logical: string, name: string) {
  return { destinationArn: accessLog(logical, name).arn, format };
}

let role: $util.Output<aws.apigateway.Account> | undefined;

/** API Gateway writes access logs through one role an account and region: the one already set stays, and ours outlives us. */
export function accessLogsRole(): $util.Output<aws.apigateway.Account> {
  role ??= ensureRole();
  return role;
}

function ensureRole(): $util.Output<aws.apigateway.Account> {
  const account = aws.apigateway.Account.get('ApiGatewayAccount', 'APIGatewayAccount');
  return account.cloudwatchRoleArn.apply((existing) => {
    if (existing) return account;
    const made = new aws.iam.Role(
      'ApiLogsRole',
      {
        assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'apigateway.amazonaws.com' }),
        managedPolicyArns: [$interpolate`arn:${partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs`],
      },
      { retainOnDelete: true },
    );
    return new aws.apigateway.Account('ApiGatewayAccountLogs', { cloudwatchRoleArn: made.arn }, { retainOnDelete: true });
  });
}
