/** The door of the private API: a VPC endpoint. */
import { placement, tags } from './own-network.ts';
import { region } from './stage.ts';

export const apiEndpoint = new aws.ec2.VpcEndpoint('ApiEndpoint', {
  ...placement,
  vpcEndpointType: 'Interface',
  serviceName: $interpolate`com.amazonaws.${region}.execute-api`,
  ipAddressType: 'ipv4',
  privateDnsEnabled: true,
  tags,
});
