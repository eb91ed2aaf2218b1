/** The dashboards of operations, as CloudWatch takes them. */
import { app } from '@gatehouse/contracts/names';
import { dashboardBody, dashboards } from '@gatehouse/operations/dashboards';
import { accountId, partition, pascal, region, stage } from './stage.ts';

for (const dashboard of dashboards)
  new aws.cloudwatch.Dashboard(pascal(dashboard.name, 'dashboard'), {
    dashboardName: `${app}-${stage}-${dashboard.name}`,
    dashboardBody: $resolve([region, accountId, partition]).apply(([place, account, part]) =>
      dashboardBody(dashboard, { stage, region: place, account, partition: part }),
    ),
  });
