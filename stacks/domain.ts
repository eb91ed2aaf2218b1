/**
 * The gateway's own name: a private custom domain, reached through the same endpoint as the API. With a zone, its record and, unless one was
 * imported, its certificate are made here. The record is an A record of private addresses alone: the CLI refuses anything else.
 */
import { alarmsOf } from '@gatehouse/contracts/in-stage';
import { surface as operations } from '@gatehouse/operations/surface';
import { live } from './api.ts';
import { apiEndpoint } from './network.ts';
import { api } from './origin.ts';
import { alarm } from './resources/alarm.ts';
import { profile, stage } from './stage.ts';

const { domain } = profile;
if (domain) {
  const zoneId = 'zone_id' in domain ? domain.zone_id : undefined;
  const certificateArn = domain.certificate_arn ?? certificateOf(domain.name, zoneId ?? '');
  watchEnd(certificateArn);
  const name = new aws.apigateway.DomainName('Domain', {
    domainName: domain.name,
    certificateArn,
    endpointConfiguration: { types: 'PRIVATE', ipAddressType: 'ipv4' },
    securityPolicy: 'TLS_1_2',
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
  new aws.apigateway.DomainNameAccessAssociation('DomainAccess', {
    domainNameArn: name.arn,
    accessAssociationSource: apiEndpoint.id,
    accessAssociationSourceType: 'VPCE',
  });
  new aws.apigateway.BasePathMapping('DomainMapping', {
    domainName: name.domainName,
    domainNameId: name.domainNameId,
    restApi: api.id,
    stageName: live.stageName,
  });
  if (zoneId) {
    const [target] = [apiEndpoint.dnsEntries.apply((entries) => entries[0])];
    new aws.route53.Record('DomainRecord', {
      zoneId,
      name: domain.name,
      type: 'A',
      aliases: [
        {
          name: target.apply((entry) => entry?.dnsName ?? ''),
          zoneId: target.apply((entry) => entry?.hostedZoneId ?? ''),
          evaluateTargetHealth: false,
        },
      ],
    });
  }
}

/** As operations watches the certificates that a profile lists. */
function watchEnd(certificateArn: $util.Input<string>): void {
  for (const ends of (operations.alarms ?? []).filter(({ each }) => each === 'certificates'))
    for (const one of alarmsOf(stage, 'operations', ends, { certificates: [''] }))
      alarm('operations', { ...one, name: `${ends.name}-domain`, dimensions: { CertificateArn: certificateArn } });
}

/** Issued by ACM and proven by a record in the zone, which also renews it. */
function certificateOf(name: string, zoneId: string): $util.Output<string> {
  const certificate = new aws.acm.Certificate('DomainCertificate', { domainName: name, validationMethod: 'DNS' });
  const proof = certificate.domainValidationOptions.apply((options) => options[0]);
  const record = new aws.route53.Record('DomainCertificateProof', {
    zoneId,
    name: proof.apply((option) => option?.resourceRecordName ?? ''),
    type: proof.apply((option) => option?.resourceRecordType ?? 'CNAME'),
    records: [proof.apply((option) => option?.resourceRecordValue ?? '')],
    ttl: 300,
  });
  const valid = new aws.acm.CertificateValidation('DomainCertificateValid', {
    certificateArn: certificate.arn,
    validationRecordFqdns: [record.fqdn],
  });
  return valid.certificateArn;
}
