/** The product bus, its archive, and the partner buses that the profile names. The account's default bus is AWS's own. */
import { app, busName } from '@gatehouse/contracts/names';
import type { Bus } from '@gatehouse/contracts/surface';
import { profile, stage } from './stage.ts';

const product = new aws.cloudwatch.EventBus('ProductBus', {
  name: busName(stage),
  description: 'Facts of all capabilities',
});

new aws.cloudwatch.EventArchive('ProductBusArchive', {
  name: `${app}-${stage}-facts`,
  description: 'Facts of the last 30 days, to be replayed after an outage',
  eventSourceArn: product.arn,
  retentionDays: 30,
});

const okta = profile.okta_partner_source
  ? new aws.cloudwatch.EventBus('OktaBus', { name: profile.okta_partner_source, eventSourceName: profile.okta_partner_source })
  : undefined;

const auth0 = profile.auth0_partner_source
  ? new aws.cloudwatch.EventBus('Auth0Bus', { name: profile.auth0_partner_source, eventSourceName: profile.auth0_partner_source })
  : undefined;

/** The name under which rules are put on a bus; none when the profile names no such partner. */
export function nameOf(bus: Bus): $util.Input<string> | undefined {
  switch (bus) {
    case 'default':
      return 'default';
    case 'product':
      return product.name;
    case 'okta':
      return okta?.name;
    case 'auth0':
      return auth0?.name;
  }
}
