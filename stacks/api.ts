/** How the private API is served: who it may invoke, its one stage, its log and its throttle. The routes are `origin.ts`'s. */
import { createHash } from 'node:crypto';
import { app } from '@gatehouse/contracts/names';
import { api, document, publicUrl, routes } from './origin.ts';
import { accessLogSettings, accessLogsRole, mayInvoke, throttle } from './resources/api-stage.ts';
import { stage } from './stage.ts';

const permissions = mayInvoke('api', api, routes);
const digest = $resolve([document, api.policy]).apply((parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex'));
const deployment = new aws.apigateway.Deployment('ApiDeployment', { restApi: api.id, triggers: { digest } }, { dependsOn: permissions });

export const live = new aws.apigateway.Stage(
  'ApiStage',
  {
    restApi: api.id,
    stageName: stage,
    deployment: deployment.id,
    xrayTracingEnabled: false,
    accessLogSettings: accessLogSettings('ApiAccessLog', `${app}-${stage}`),
  },
  { dependsOn: [accessLogsRole()] },
);

throttle('Api', live, routes);

export const url = publicUrl;
