/** What AWS would compute for a resource or answer to a data source, for the kinds whose answers other resources read. */
import { account, region } from './environment.ts';

type Values = Record<string, unknown>;

/** Outputs beside the inputs. A kind that is not listed gets a plausible ARN. */
export function outputsOf(type: string, name: string, inputs: Values): Values {
  const known = kinds[type];
  const physical = String(inputs.name ?? name);
  return known ? known(physical, name, inputs) : { arn: arn(type.split(':')[1]?.split('/')[0] ?? 'unknown', physical) };
}

const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
const iam = (rest: string) => `arn:aws:iam::${account}:${rest}`;
const invokeArn = (target: string) => `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${target}/invocations`;

const kinds: Record<string, (physical: string, logical: string, inputs: Values) => Values> = {
  'aws:lambda/function:Function': (name) => {
    const own = arn('lambda', `function:${name}`);
    return {
      id: name,
      name,
      arn: own,
      version: '1',
      qualifiedArn: `${own}:1`,
      invokeArn: invokeArn(own),
      lastModified: '1970-01-01T00:00:00Z',
    };
  },
  'aws:lambda/alias:Alias': (name, _, { functionName }) => {
    const own = arn('lambda', `function:${String(functionName).split(':').at(-1)}:${name}`);
    return { id: own, arn: own, name, invokeArn: invokeArn(own) };
  },
  'aws:dynamodb/table:Table': (name) => ({
    id: name,
    name,
    arn: arn('dynamodb', `table/${name}`),
    streamArn: arn('dynamodb', `table/${name}/stream/1970-01-01T00:00:00.000`),
  }),
  'aws:iam/role:Role': (name) => ({ id: name, name, arn: iam(`role/${name}`) }),
  'aws:iam/policy:Policy': (name) => ({ arn: iam(`policy/${name}`) }),
  'aws:cloudwatch/eventBus:EventBus': (name) => ({ id: name, name, arn: arn('events', `event-bus/${name}`) }),
  'aws:cloudwatch/eventRule:EventRule': (name, _, { eventBusName }) => {
    const bus = String(eventBusName ?? 'default');
    return { id: name, name, arn: arn('events', bus === 'default' ? `rule/${name}` : `rule/${bus}/${name}`) };
  },
  'aws:cloudwatch/eventArchive:EventArchive': (name) => ({ arn: arn('events', `archive/${name}`) }),
  'aws:cloudwatch/logGroup:LogGroup': (name) => ({ id: name, name, arn: arn('logs', `log-group:${name}`) }),
  'aws:cloudwatch/metricAlarm:MetricAlarm': (name) => ({ arn: arn('cloudwatch', `alarm:${name}`) }),
  'aws:sfn/stateMachine:StateMachine': (name) => {
    const own = arn('states', `stateMachine:${name}`);
    return { id: own, arn: own, name, stateMachineVersionArn: `${own}:1` };
  },
  'aws:sfn/alias:Alias': (name, _, { routingConfigurations }) => {
    const [first] = routingConfigurations as { stateMachineVersionArn: string }[]; // required by the resource's own schema
    return { name, arn: `${first?.stateMachineVersionArn.replace(/:\d+$/, '')}:${name}` };
  },
  'aws:sqs/queue:Queue': (name) => {
    const url = `https://sqs.${region}.amazonaws.com/${account}/${name}`;
    return { id: url, url, name, arn: arn('sqs', name) };
  },
  'aws:sns/topic:Topic': (name) => ({ id: arn('sns', name), name, arn: arn('sns', name) }),
  'aws:kms/key:Key': (_, logical) => ({ id: `${logical}-id`, keyId: `${logical}-id`, arn: arn('kms', `key/${logical}-id`) }),
  'aws:kms/alias:Alias': (name) => ({ arn: arn('kms', name) }),
  'aws:secretsmanager/secret:Secret': (name) => ({
    id: arn('secretsmanager', `secret:${name}-aaaaaa`),
    arn: arn('secretsmanager', `secret:${name}-aaaaaa`),
  }),
  'aws:s3/bucket:Bucket': (_, logical, { bucket }) => ({
    id: bucket ?? logical,
    bucket: bucket ?? logical,
    arn: `arn:aws:s3:::${bucket ?? logical}`,
  }),
  // Of an account that has never logged an API: ours must bring the role.
  'aws:apigateway/account:Account': () => ({ cloudwatchRoleArn: '' }),
  'aws:apigateway/restApi:RestApi': (name, logical) => ({
    id: `${logical}-id`,
    name,
    rootResourceId: `${logical}-root`,
    arn: `arn:aws:apigateway:${region}::/restapis/${logical}-id`,
    executionArn: arn('execute-api', `${logical}-id`),
  }),
  'aws:apigateway/stage:Stage': (_, __, { restApi, stageName }) => ({
    arn: `arn:aws:apigateway:${region}::/restapis/${restApi}/stages/${stageName}`,
    invokeUrl: `https://${restApi}.execute-api.${region}.amazonaws.com/${stageName}`,
  }),
  'aws:apigateway/domainName:DomainName': (_, logical, { domainName }) => ({
    id: `${logical}-id`,
    domainName,
    domainNameId: `${logical}-id`,
    arn: `arn:aws:apigateway:${region}:${account}:/domainnames/${domainName}+${logical}-id`,
  }),
  'aws:acm/certificate:Certificate': (_, logical, { domainName }) => ({
    arn: arn('acm', `certificate/${logical}`),
    domainValidationOptions: [
      {
        domainName,
        resourceRecordName: `_proof.${domainName}.`,
        resourceRecordType: 'CNAME',
        resourceRecordValue: '_proof.acm-validations.aws.',
      },
    ],
  }),
  'aws:acm/certificateValidation:CertificateValidation': (_, __, { certificateArn }) => ({ certificateArn }),
  'aws:route53/record:Record': (_, __, { name }) => ({ fqdn: name }),
  'aws:wafv2/webAcl:WebAcl': (name) => ({ arn: arn('wafv2', `regional/webacl/${name}/id`) }),
  'aws:ec2/vpc:Vpc': (_, logical, { cidrBlock, tags }) => ({
    id: `${logical}-id`,
    cidrBlock: cidrBlock ?? '10.0.0.0/16',
    arn: arn('ec2', `vpc/${logical}-id`),
    defaultSecurityGroupId: `${logical}-default-sg`,
    tagsAll: tags ?? {},
  }),
  'aws:ec2/vpcEndpoint:VpcEndpoint': (_, logical) => ({
    id: `vpce-${logical}`,
    dnsEntries: [{ dnsName: `${logical}.vpce.amazonaws.com`, hostedZoneId: 'Z1' }],
  }),
  'aws:cognito/userPool:UserPool': () => ({
    id: `${region}_0People00`,
    arn: arn('cognito-idp', `userpool/${region}_0People00`),
  }),
  'aws:cognito/userPoolClient:UserPoolClient': () => ({ id: '0client0of0people0' }),
  'aws:scheduler/schedule:Schedule': (name) => ({ arn: arn('scheduler', `schedule/default/${name}`) }),
  'random:index/randomBytes:RandomBytes': (_, __, { length }) => ({
    base64: Buffer.alloc(Number(length ?? 32)).toString('base64'),
    hex: '00',
  }),
};

/** The answer of a Pulumi data source; an unknown one is an error, so that no test reads an invented value. */
export function dataSource(token: string, inputs: Values): Values {
  switch (token) {
    case 'aws:index/getRegion:getRegion':
      return { id: region, name: region, region, description: region, endpoint: '' };
    case 'aws:index/getPartition:getPartition':
      return { id: 'aws', partition: 'aws', dnsSuffix: 'amazonaws.com', reverseDnsPrefix: 'com.amazonaws' };
    case 'aws:index/getCallerIdentity:getCallerIdentity':
      return { id: account, accountId: account, arn: iam('user/offline'), userId: 'OFFLINE' };
    case 'aws:index/getAvailabilityZones:getAvailabilityZones':
      return { id: region, names: ['a', 'b', 'c'].map((zone) => region + zone), zoneIds: ['1', '2', '3'] };
    case 'aws:secretsmanager/getRandomPassword:getRandomPassword':
      return { id: 'random', randomPassword: 'generated-offline' };
    case 'aws:iam/getPolicyDocument:getPolicyDocument': {
      const statements = (inputs.statements ?? []) as PolicyInput[]; // the data source's documented input
      const json = JSON.stringify({ Version: '2012-10-17', Statement: statements.map(statementOf) });
      return { ...inputs, id: 'policy', json, minifiedJson: json };
    }
    default:
      throw new Error(`no offline answer for the data source ${token}`);
  }
}

interface PolicyInput {
  sid?: string;
  effect?: string;
  actions?: string[];
  resources?: string[];
  principals?: { type: string; identifiers: string[] }[];
  conditions?: { test: string; variable: string; values: string[] }[];
}

function statementOf({ sid, effect, actions, resources, principals, conditions }: PolicyInput): Values {
  const Condition: Record<string, Record<string, string[]>> = {};
  for (const { test, variable, values } of conditions ?? []) Condition[test] = { ...Condition[test], [variable]: values };
  return {
    ...(sid ? { Sid: sid } : {}),
    Effect: effect ?? 'Allow',
    ...(principals ? { Principal: Object.fromEntries(principals.map(({ type, identifiers }) => [type, identifiers])) } : {}),
    Action: actions ?? [],
    Resource: resources ?? [],
    ...(conditions?.length ? { Condition } : {}),
  };
}
