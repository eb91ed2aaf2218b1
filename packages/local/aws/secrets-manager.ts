/**
 * Secrets Manager for the embedded stack: secrets with versions and staging labels, kept in one durable file. It does not encrypt
 * under KMS, rotate, replicate or evaluate resource policies.
 */
import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { readDocument, writeDocument } from '../durable-file.ts';
import {
  changeStage,
  current,
  invalidParameter,
  putVersion,
  type Secret,
  type StageMove,
  type Value,
  type Version,
  type VersionChoice,
  versionOf,
} from './secrets-manager/secret.ts';
import { AwsError, type AwsService, account, type Operation, region } from './service.ts';

interface Input extends Value, VersionChoice, StageMove {
  SecretId?: string;
  Name?: string;
  Description?: string;
  KmsKeyId?: string;
  Tags?: Secret['tags'];
  ClientRequestToken?: string;
  VersionStages?: string[];
  RecoveryWindowInDays?: number;
  ForceDeleteWithoutRecovery?: boolean;
  IncludePlannedDeletion?: boolean;
  IncludeDeprecated?: boolean;
  MaxResults?: number;
  NextToken?: string;
  Filters?: { Key?: string; Values?: string[] }[];
}

const longestValueBytes = 65_536;
const daySeconds = 86_400;
const suffixLetters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `path` is the file that holds the secrets, made when missing; without it they live in memory. */
export function createSecretsManager(options: { clock: Clock; path?: string }): AwsService {
  const { clock, path } = options;
  // The file is written only here, in this shape.
  let secrets = ((path && readDocument(path)) ?? []) as Secret[];
  const now = () => clock.now() / 1000;

  function save(): void {
    if (path) writeDocument(path, secrets);
  }
  /** Without those whose recovery window is over. */
  function alive(): Secret[] {
    const left = secrets.filter((secret) => !secret.deleted || secret.deleted.gone > now());
    if (left.length < secrets.length) {
      secrets = left;
      save();
    }
    return secrets;
  }
  /** By name, by ARN, or by an ARN without its six random characters. */
  function find(id: string | undefined): Secret {
    if (!id) throw invalidParameter('You must provide a value for the SecretId parameter.');
    const found = alive().find((secret) => secret.name === id || secret.arn === id || secret.arn.slice(0, -7) === id);
    if (!found) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return found;
  }
  function usable(id: string | undefined): Secret {
    const secret = find(id);
    if (secret.deleted) {
      const message = "You can't perform this operation on the secret because it was marked for deletion.";
      throw new AwsError('InvalidRequestException', message);
    }
    return secret;
  }
  function store(secret: Secret, input: Input, stages: readonly string[]): Version {
    const version = { id: input.ClientRequestToken ?? randomUUID(), created: now(), value: checkedValue(input) };
    const stored = putVersion(secret, version, stages);
    secret.changed = now();
    return stored;
  }

  const operations: Record<string, Operation> = {
    CreateSecret: (input: Input) => {
      const name = input.Name ?? '';
      if (!/^[\w/+=.@-]{1,512}$/.test(name))
        throw new AwsError(
          'ValidationException',
          'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
        );
      const taken = alive().find((secret) => secret.name === name);
      if (taken?.deleted) {
        const message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        throw new AwsError('InvalidRequestException', message);
      }
      if (taken) {
        const again = input.ClientRequestToken && taken.versions.find((version) => version.id === input.ClientRequestToken);
        if (again && sameValue(again.value, input)) return { ...identity(taken), VersionId: again.id };
        throw new AwsError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);
      }
      const secret: Secret = {
        arn: `arn:aws:secretsmanager:${region}:${account}:secret:${name}-${suffix()}`,
        name,
        ...(input.Description !== undefined && { description: input.Description }),
        ...(input.KmsKeyId !== undefined && { kmsKeyId: input.KmsKeyId }),
        tags: input.Tags ?? [],
        created: now(),
        changed: now(),
        versions: [],
      };
      const version = hasValue(input) ? store(secret, input, [current]) : undefined;
      secrets.push(secret);
      save();
      return { ...identity(secret), ...(version && { VersionId: version.id }) };
    },
    GetSecretValue: (input: Input) => {
      const secret = usable(input.SecretId);
      const version = versionOf(secret, input);
      const today = Math.floor(now() / daySeconds) * daySeconds;
      if (secret.accessed !== today) {
        secret.accessed = today;
        save();
      }
      return { ...identity(secret), VersionId: version.id, VersionStages: version.stages, CreatedDate: version.created, ...version.value };
    },
    PutSecretValue: (input: Input) => {
      const secret = usable(input.SecretId);
      const version = store(secret, input, input.VersionStages ?? [current]);
      save();
      return { ...identity(secret), VersionId: version.id, VersionStages: version.stages };
    },
    UpdateSecret: (input: Input) => {
      const secret = usable(input.SecretId);
      const version = hasValue(input) ? store(secret, input, [current]) : undefined;
      if (input.Description !== undefined) secret.description = input.Description;
      if (input.KmsKeyId !== undefined) secret.kmsKeyId = input.KmsKeyId;
      secret.changed = now();
      save();
      return { ...identity(secret), ...(version && { VersionId: version.id }) };
    },
    UpdateSecretVersionStage: (input: Input) => {
      const secret = usable(input.SecretId);
      changeStage(secret, input);
      secret.changed = now();
      save();
      return identity(secret);
    },
    DescribeSecret: (input: Input) => describe(find(input.SecretId)),
    ListSecretVersionIds: (input: Input) => {
      const secret = find(input.SecretId);
      const shown = secret.versions.filter((version) => input.IncludeDeprecated || version.stages.length > 0);
      const page = paged(shown, input);
      const versions = page.rows.map((version) => ({ VersionId: version.id, VersionStages: version.stages, CreatedDate: version.created }));
      return { ...identity(secret), Versions: versions, ...page.next };
    },
    ListSecrets: (input: Input) => {
      const shown = alive().filter((secret) => (input.IncludePlannedDeletion || !secret.deleted) && matches(secret, input.Filters ?? []));
      const page = paged(shown, input);
      const list = page.rows.map((secret) => {
        const { VersionIdsToStages, ...rest } = describe(secret);
        return { ...rest, SecretVersionsToStages: VersionIdsToStages };
      });
      return { SecretList: list, ...page.next };
    },
    DeleteSecret: (input: Input) => {
      const force = input.ForceDeleteWithoutRecovery === true;
      if (force && input.RecoveryWindowInDays !== undefined)
        throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
      const days = force ? 0 : (input.RecoveryWindowInDays ?? 30);
      if (!force && !(days >= 7 && days <= 30))
        throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
      const secret = usable(input.SecretId);
      secret.deleted = { at: now(), gone: now() + days * daySeconds };
      save();
      return { ...identity(secret), DeletionDate: secret.deleted.gone };
    },
    RestoreSecret: (input: Input) => {
      const secret = find(input.SecretId);
      delete secret.deleted;
      save();
      return identity(secret);
    },
  };
  return { targets: ['secretsmanager'], json: '1.1', operations };
}

function identity(secret: Secret): { ARN: string; Name: string } {
  return { ARN: secret.arn, Name: secret.name };
}

function describe(secret: Secret): Record<string, unknown> {
  const labels = secret.versions.filter((version) => version.stages.length > 0).map((version) => [version.id, version.stages] as const);
  return {
    ...identity(secret),
    ...(secret.description !== undefined && { Description: secret.description }),
    ...(secret.kmsKeyId !== undefined && { KmsKeyId: secret.kmsKeyId }),
    CreatedDate: secret.created,
    LastChangedDate: secret.changed,
    ...(secret.accessed !== undefined && { LastAccessedDate: secret.accessed }),
    ...(secret.deleted && { DeletedDate: secret.deleted.at }),
    Tags: secret.tags,
    VersionIdsToStages: Object.fromEntries(labels),
  };
}

function hasValue(value: Value): boolean {
  return value.SecretString !== undefined || value.SecretBinary !== undefined;
}

function checkedValue(input: Value): Value {
  if ((input.SecretString === undefined) === (input.SecretBinary === undefined))
    throw invalidParameter('You must provide either SecretString or SecretBinary.');
  const value = input.SecretString === undefined ? { SecretBinary: input.SecretBinary ?? '' } : { SecretString: input.SecretString };
  const size = Buffer.byteLength(Object.values(value)[0] ?? '', input.SecretString === undefined ? 'base64' : 'utf8');
  if (size > longestValueBytes)
    throw new AwsError('ValidationException', `A secret value has at most ${longestValueBytes} bytes, this one has ${size}`);
  return value;
}

function sameValue(a: Value, b: Value): boolean {
  return a.SecretString === b.SecretString && a.SecretBinary === b.SecretBinary;
}

/** AWS: all filters must match, each by one of its values; a value matches as a prefix, and `!` in front negates it. */
function matches(secret: Secret, filters: NonNullable<Input['Filters']>): boolean {
  const fields: Record<string, readonly string[]> = {
    name: [secret.name],
    description: [secret.description ?? ''],
    'tag-key': secret.tags.map((tag) => tag.Key),
    'tag-value': secret.tags.map((tag) => tag.Value),
  };
  return filters.every(({ Key: key = '', Values: values = [] }) => {
    const field = fields[key];
    if (!field) throw invalidParameter(`The filter ${key} is not in the embedded stack: use ${Object.keys(fields).join(', ')}`);
    const has = (prefix: string) => field.some((text) => text.startsWith(prefix));
    return values.some((value) => (value.startsWith('!') ? !has(value.slice(1)) : has(value)));
  });
}

/** The token is the position of the next row. */
function paged<T>(all: readonly T[], input: Input): { rows: readonly T[]; next: { NextToken?: string } } {
  const start = Number(input.NextToken ?? 0);
  if (!Number.isInteger(start) || start < 0) throw new AwsError('InvalidNextTokenException', 'The next token is not one of ours');
  const end = start + (input.MaxResults ?? 100);
  return { rows: all.slice(start, end), next: end < all.length ? { NextToken: String(end) } : {} };
}

/** AWS adds six random characters to the ARN, so that a secret made again under its name gets another ARN. */
function suffix(): string {
  return Array.from({ length: 6 }, () => suffixLetters[randomInt(suffixLetters.length)]).join('');
}
