/** Where the door of the private API stands: in the company's own network when the profile names one, else in a small one of its own. Costs nothing. */
import { app } from '@gatehouse/contracts/names';
import { profile, stage } from './stage.ts';

export const tags = { Name: `${app}-${stage}` };

export const placement = profile.network
  ? { vpcId: profile.network.vpc_id, subnetIds: profile.network.subnet_ids, securityGroupIds: profile.network.security_group_ids }
  : ownNetwork();

/** One subnet a zone, without a way out, to be joined to the company's network by peering, a VPN or a transit gateway. */
function ownNetwork() {
  const cidrBlock = '10.112.0.0/24';
  const vpc = new aws.ec2.Vpc('Vpc', { cidrBlock, enableDnsSupport: true, enableDnsHostnames: true, tags });
  // Adopts the group that every VPC is born with, and leaves it without a rule.
  new aws.ec2.DefaultSecurityGroup('VpcDefaultGroup', { vpcId: vpc.id, tags });
  const group = new aws.ec2.SecurityGroup('ApiEndpointGroup', {
    vpcId: vpc.id,
    description: 'HTTPS from private networks to the API endpoint',
    ingress: [{ protocol: 'tcp', fromPort: 443, toPort: 443, cidrBlocks: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'] }],
    tags,
  });
  const { names } = aws.getAvailabilityZonesOutput({ state: 'available' });
  const subnets = ['10.112.0.0/25', '10.112.0.128/25'].slice(0, profile.zones).map(
    (range, zone) =>
      new aws.ec2.Subnet(`Subnet${zone + 1}`, {
        vpcId: vpc.id,
        cidrBlock: range,
        availabilityZone: names.apply((all) => all[zone] ?? ''),
        tags,
      }),
  );
  return { vpcId: vpc.id, subnetIds: subnets.map(({ id }) => id), securityGroupIds: [group.id] };
}
