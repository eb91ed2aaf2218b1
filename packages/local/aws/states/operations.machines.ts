/** The operations of the Step Functions API on machines, versions, aliases and tags. Starts nothing. */
import { AwsError, type Operation } from '../service.ts';
import { parseMachineArn } from './arn.ts';
import { isObject } from './json.ts';
import { type Alias, aliasArn, type MachineRecord, type Machines, newRecord, publish, type Route, versionArn } from './machines.ts';
import { constraint, page } from './page.ts';

interface Options {
  machines: Machines;
  now: () => number;
  uuid: () => string;
  roleArn: string;
}

export function machineOperations({ machines, now, uuid, roleArn }: Options): Readonly<Record<string, Operation>> {
  return {
    async CreateStateMachine(input) {
      const name = machineName(input.name);
      if (input.type !== undefined && input.type !== 'STANDARD')
        throw new AwsError('StateMachineTypeNotSupported', 'The embedded stack runs STANDARD state machines only');
      if (input.versionDescription !== undefined && !input.publish)
        throw new AwsError('ValidationException', 'Version description can only be set when publish is true');
      const definition = await machines.accept(input.definition);
      const revision = { definition, roleArn: typeof input.roleArn === 'string' ? input.roleArn : roleArn };
      const fresh = newRecord(name, revision, now());
      const known = machines.all().find((each) => each.arn === fresh.arn);
      if (known && (known.definition !== definition || known.roleArn !== revision.roleArn))
        throw new AwsError('StateMachineAlreadyExists', `State Machine Already Exists: '${known.arn}'`);
      const record = known ?? fresh;
      if (!known) {
        setTags(record, input.tags);
        if (input.loggingConfiguration !== undefined) record.logging = input.loggingConfiguration;
        if (input.tracingConfiguration !== undefined) record.tracing = input.tracingConfiguration;
        machines.add(record);
      }
      const version = input.publish ? publish(record, input.versionDescription, now()) : undefined;
      await machines.save();
      return {
        stateMachineArn: record.arn,
        creationDate: seconds(record.createdAt),
        ...(version && { stateMachineVersionArn: versionArn(record, version.number) }),
      };
    },

    async UpdateStateMachine(input) {
      if (parseMachineArn(input.stateMachineArn).qualifier !== undefined) throw noMachine(input.stateMachineArn);
      const record = machines.get(input.stateMachineArn);
      const { definition: text, roleArn: role, loggingConfiguration, tracingConfiguration } = input;
      if (![text, role, loggingConfiguration, tracingConfiguration].some((each) => each !== undefined) && !input.publish)
        throw new AwsError('MissingRequiredParameter', 'Either the definition, the role ARN or a configuration must be specified');
      const definition = text === undefined ? record.definition : await machines.accept(text);
      const changed = definition !== record.definition || (role !== undefined && role !== record.roleArn);
      if (changed) {
        record.definition = definition;
        record.roleArn = role ?? record.roleArn;
        record.revisionId = uuid();
      }
      if (loggingConfiguration !== undefined) record.logging = loggingConfiguration;
      if (tracingConfiguration !== undefined) record.tracing = tracingConfiguration;
      record.updatedAt = now();
      const version = input.publish ? publish(record, input.versionDescription, now()) : undefined;
      await machines.save();
      return {
        updateDate: seconds(record.updatedAt),
        ...(changed && { revisionId: record.revisionId }),
        ...(version && { stateMachineVersionArn: versionArn(record, version.number) }),
      };
    },

    async DeleteStateMachine(input) {
      const { arn } = parseMachineArn(input.stateMachineArn);
      machines.remove(arn);
      await machines.save();
      return {};
    },

    async DescribeStateMachine(input) {
      const { record, revision, version } = machines.resolve(input.stateMachineArn);
      const { text } = await machines.definition(revision.definition);
      return {
        stateMachineArn: version ? versionArn(record, version.number) : record.arn,
        creationDate: seconds(version?.createdAt ?? record.createdAt),
        ...(version?.description !== undefined && { description: version.description }),
        status: 'ACTIVE',
        type: 'STANDARD',
        definition: text,
        ...describeRevision(record, revision.roleArn, revision.revisionId),
      };
    },

    ListStateMachines(input) {
      const sorted = machines.all().sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, nextToken } = page(sorted, (record) => record.arn, input);
      const list = items.map(({ arn, name, createdAt }) => ({
        stateMachineArn: arn,
        name,
        type: 'STANDARD',
        creationDate: seconds(createdAt),
      }));
      return { stateMachines: list, ...(nextToken !== undefined && { nextToken }) };
    },

    ValidateStateMachineDefinition(input) {
      const found = machines.problems(String(input.definition ?? ''));
      const diagnostics = found.map((problem) => ({ severity: 'ERROR', ...problem }));
      return { result: diagnostics.length === 0 ? 'OK' : 'FAIL', diagnostics, truncated: false };
    },

    async PublishStateMachineVersion(input) {
      const record = machines.get(input.stateMachineArn);
      const current = record.revisionId ?? 'INITIAL';
      if (input.revisionId !== undefined && input.revisionId !== current) {
        const message = `Failed to publish the State Machine version for revision ${input.revisionId}. The current State Machine revision is ${current}.`;
        throw new AwsError('ConflictException', message);
      }
      const version = publish(record, input.description, now());
      await machines.save();
      return { stateMachineVersionArn: versionArn(record, version.number), creationDate: seconds(version.createdAt) };
    },

    ListStateMachineVersions(input) {
      const record = machines.get(input.stateMachineArn);
      const { items, nextToken } = page(record.versions.toReversed(), (version) => String(version.number), input);
      const list = items.map((version) => ({
        stateMachineVersionArn: versionArn(record, version.number),
        creationDate: seconds(version.createdAt),
      }));
      return { stateMachineVersions: list, ...(nextToken !== undefined && { nextToken }) };
    },

    async DeleteStateMachineVersion(input) {
      const { qualifier } = parseMachineArn(input.stateMachineVersionArn);
      if (!/^\d+$/.test(qualifier ?? ''))
        throw constraint(input.stateMachineVersionArn, 'stateMachineVersionArn', 'Member must be a version ARN');
      const record = machines.all().find((each) => each.arn === parseMachineArn(input.stateMachineVersionArn).arn);
      const number = Number(qualifier);
      const users = record?.aliases.filter((alias) => alias.routes.some((route) => route.version === number)) ?? [];
      if (users.length > 0) {
        const names = users.map((alias) => alias.name).join(', ');
        const message = `Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [${names}]`;
        throw new AwsError('ConflictException', message);
      }
      if (record) record.versions = record.versions.filter((version) => version.number !== number);
      await machines.save();
      return {};
    },

    async CreateStateMachineAlias(input) {
      const name = aliasName(input.name);
      const { record, routes } = routesOf(machines, input.routingConfiguration);
      const known = record.aliases.find((alias) => alias.name === name);
      if (known) {
        const same = known.description === input.description && JSON.stringify(known.routes) === JSON.stringify(routes);
        if (!same)
          throw new AwsError(
            'ConflictException',
            'Failed to create alias because an alias with the same name and a different routing configuration already exists.',
          );
        return { stateMachineAliasArn: aliasArn(record, known), creationDate: seconds(known.createdAt) };
      }
      const alias: Alias = {
        name,
        routes,
        createdAt: now(),
        updatedAt: now(),
        ...(input.description !== undefined && { description: input.description }),
      };
      record.aliases.push(alias);
      await machines.save();
      return { stateMachineAliasArn: aliasArn(record, alias), creationDate: seconds(alias.createdAt) };
    },

    DescribeStateMachineAlias(input) {
      const { record, alias } = findAlias(machines, input.stateMachineAliasArn);
      return {
        stateMachineAliasArn: aliasArn(record, alias),
        name: alias.name,
        ...(alias.description !== undefined && { description: alias.description }),
        routingConfiguration: alias.routes.map(({ version, weight }) => ({
          stateMachineVersionArn: versionArn(record, version),
          weight,
        })),
        creationDate: seconds(alias.createdAt),
        updateDate: seconds(alias.updatedAt),
      };
    },

    async UpdateStateMachineAlias(input) {
      const { record, alias } = findAlias(machines, input.stateMachineAliasArn);
      if (input.description === undefined && input.routingConfiguration === undefined)
        throw new AwsError('ValidationException', 'Either the description or the routing configuration must be specified');
      if (input.routingConfiguration !== undefined) {
        const routed = routesOf(machines, input.routingConfiguration);
        if (routed.record !== record) throw routingRefused('All versions must belong to the state machine of the alias');
        alias.routes = routed.routes;
      }
      if (input.description !== undefined) alias.description = input.description;
      alias.updatedAt = now();
      await machines.save();
      return { updateDate: seconds(alias.updatedAt) };
    },

    async DeleteStateMachineAlias(input) {
      const { arn, qualifier } = parseMachineArn(input.stateMachineAliasArn);
      const record = machines.all().find((each) => each.arn === arn);
      if (record) record.aliases = record.aliases.filter((alias) => alias.name !== qualifier);
      await machines.save();
      return {};
    },

    ListStateMachineAliases(input) {
      const { record, version } = machines.resolve(input.stateMachineArn);
      const matching = record.aliases.filter((alias) => !version || alias.routes.some((route) => route.version === version.number));
      const { items, nextToken } = page(matching, (alias) => alias.name, input);
      const list = items.map((alias) => ({ stateMachineAliasArn: aliasArn(record, alias), creationDate: seconds(alias.createdAt) }));
      return { stateMachineAliases: list, ...(nextToken !== undefined && { nextToken }) };
    },

    ListTagsForResource(input) {
      const { tags } = tagged(machines, input.resourceArn);
      return { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) };
    },
    async TagResource(input) {
      setTags(tagged(machines, input.resourceArn), input.tags);
      await machines.save();
      return {};
    },
    async UntagResource(input) {
      const record = tagged(machines, input.resourceArn);
      for (const key of Array.isArray(input.tagKeys) ? input.tagKeys : []) delete record.tags[String(key)];
      await machines.save();
      return {};
    },
  };
}

/** The members that DescribeStateMachine and DescribeStateMachineForExecution share. */
export function describeRevision(record: MachineRecord, roleArn: string, revisionId: string | undefined): Record<string, unknown> {
  return {
    name: record.name,
    roleArn,
    ...(revisionId !== undefined && { revisionId }),
    loggingConfiguration: record.logging ?? { level: 'OFF', includeExecutionData: false },
    tracingConfiguration: record.tracing ?? { enabled: false },
    encryptionConfiguration: { type: 'AWS_OWNED_KEY' },
  };
}

/** Dates on the wire are seconds since the epoch. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}

/** Names of machines and executions: no white space, brackets, wildcards, special or control characters, at most 80 characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what the name must not hold.
const refusedInName = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff]/;

export function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length >= 1 && name.length <= 80 && !refusedInName.test(name);
}
function machineName(name: unknown): string {
  if (isName(name)) return name;
  throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

const aliasPattern = /^(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]+$/;
function aliasName(name: unknown): string {
  if (typeof name === 'string' && name.length <= 80 && aliasPattern.test(name)) return name;
  throw constraint(name, 'name', `Member must satisfy regular expression pattern: ${aliasPattern.source}`);
}

function routesOf(machines: Machines, configuration: unknown): { record: MachineRecord; routes: Route[] } {
  const list = Array.isArray(configuration) ? configuration : [];
  if (list.length < 1 || list.length > 2)
    throw constraint(JSON.stringify(configuration), 'routingConfiguration', 'Member must have 1 or 2 entries');
  const found = list.map((entry: unknown) => {
    const { stateMachineVersionArn, weight } = isObject(entry) ? entry : {};
    const { record, version, alias } = machines.resolve(stateMachineVersionArn);
    if (!version || alias) throw routingRefused(`'${stateMachineVersionArn}' is not the ARN of a version`);
    return { record, route: { version: version.number, weight: Number(weight) } };
  });
  const [first] = found;
  const routes = found.map(({ route }) => route);
  if (!first || found.some(({ record }) => record !== first.record)) throw routingRefused('All versions must belong to one state machine');
  if (new Set(routes.map((route) => route.version)).size !== routes.length) throw routingRefused('The versions must differ');
  if (!routes.every(({ weight }) => Number.isInteger(weight) && weight >= 0) || routes.reduce((sum, { weight }) => sum + weight, 0) !== 100)
    throw routingRefused('Sum of routing configuration weights must equal 100');
  return { record: first.record, routes };
}
function routingRefused(why: string): AwsError {
  return new AwsError('ValidationException', why, { extra: { reason: 'INVALID_ROUTING_CONFIGURATION' } });
}

function findAlias(machines: Machines, arn: unknown): { record: MachineRecord; alias: Alias } {
  const { arn: machine, qualifier } = parseMachineArn(arn);
  const record = machines.all().find((each) => each.arn === machine);
  const alias = record?.aliases.find((each) => each.name === qualifier);
  if (!record || !alias) throw new AwsError('ResourceNotFound', 'Request references a resource that does not exist.');
  return { record, alias };
}

function tagged(machines: Machines, arn: unknown): MachineRecord {
  const { arn: machine } = parseMachineArn(arn);
  const record = machines.all().find((each) => each.arn === machine);
  if (!record) throw new AwsError('ResourceNotFound', `Resource not found: '${arn}'`);
  return record;
}
function setTags(record: MachineRecord, tags: unknown): void {
  for (const tag of Array.isArray(tags) ? tags : [])
    if (isObject(tag) && typeof tag.key === 'string') record.tags[tag.key] = String(tag.value ?? '');
}

function noMachine(arn: unknown): AwsError {
  return new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
}
