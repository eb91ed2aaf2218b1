/** A secret and its versions: which version carries which staging label. Pure; it knows no clock and no file. */
import { AwsError } from '../service.ts';

export interface Version {
  id: string;
  /** Epoch seconds. */
  created: number;
  stages: string[];
  value: Value;
}

export interface Value {
  SecretString?: string;
  /** Base64. */
  SecretBinary?: string;
}

export interface Secret {
  arn: string;
  name: string;
  description?: string;
  kmsKeyId?: string;
  tags: readonly { Key: string; Value: string }[];
  /** Epoch seconds. */
  created: number;
  changed: number;
  /** The day of the last GetSecretValue, as AWS tells it. */
  accessed?: number;
  /** When DeleteSecret was called, and when the secret stops to exist. */
  deleted?: { at: number; gone: number };
  versions: Version[];
}

export const current = 'AWSCURRENT';
const previous = 'AWSPREVIOUS';

/** AWS keeps at most 100 versions without a label; they cannot be had by label, so the oldest go. */
const mostUnlabelled = 100;

/**
 * Adds a version with its labels. The same id with the same value again changes nothing (AWS: ClientRequestToken is idempotent);
 * with another value it throws ResourceExistsException.
 */
export function putVersion(secret: Secret, version: { id: string; created: number; value: Value }, stages: readonly string[]): Version {
  const known = secret.versions.find((each) => each.id === version.id);
  if (known) {
    if (known.value.SecretString === version.value.SecretString && known.value.SecretBinary === version.value.SecretBinary) return known;
    throw new AwsError('ResourceExistsException', "You can't modify an existing version, you can only create a new version.");
  }
  const added: Version = { ...version, stages: [] };
  secret.versions.push(added);
  for (const stage of stages) moveStage(secret, stage, added);
  const unlabelled = secret.versions.filter((each) => each.stages.length === 0);
  const tooOld = new Set(unlabelled.slice(0, -mostUnlabelled));
  secret.versions = secret.versions.filter((each) => !tooOld.has(each));
  return added;
}

/** A label is on one version at a time. AWS: the version that loses AWSCURRENT becomes AWSPREVIOUS. */
function moveStage(secret: Secret, stage: string, to: Version | undefined): void {
  const from = labelled(secret, stage);
  if (from === to) return;
  if (from) from.stages = from.stages.filter((each) => each !== stage);
  if (to) to.stages.push(stage);
  if (stage === current && from) moveStage(secret, previous, from);
}

function labelled(secret: Secret, stage: string): Version | undefined {
  return secret.versions.find((version) => version.stages.includes(stage));
}

export interface VersionChoice {
  VersionId?: string;
  VersionStage?: string;
}

/** By id, by label, or the current one; an id and a label must name the same version. */
export function versionOf(secret: Secret, input: VersionChoice): Version {
  const { VersionId: id, VersionStage: stage } = input;
  const missing = (what: string) =>
    new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`);
  if (id !== undefined) {
    const version = secret.versions.find((each) => each.id === id);
    if (!version) throw missing(`VersionId: ${id}`);
    if (stage !== undefined && !version.stages.includes(stage))
      throw new AwsError('InvalidRequestException', 'You provided a VersionStage that is not associated to the provided VersionId.');
    return version;
  }
  const version = labelled(secret, stage ?? current);
  if (!version) throw missing(`staging label: ${stage ?? current}`);
  return version;
}

export interface StageMove {
  VersionStage?: string;
  MoveToVersionId?: string;
  RemoveFromVersionId?: string;
}

/** AWS: a label that is on a version must be named together with that version before it moves. */
export function changeStage(secret: Secret, input: StageMove): void {
  const { VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from } = input;
  if (!stage) throw invalidParameter('You must provide a value for the VersionStage parameter.');
  const version = (id: string) => {
    const found = secret.versions.find((each) => each.id === id);
    if (!found) throw new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified secret version: ${id}`);
    return found;
  };
  const holder = labelled(secret, stage);
  if (from !== undefined && version(from) !== holder)
    throw invalidParameter(`The staging label ${stage} is not currently attached to version ${from}.`);
  if (to === undefined) {
    if (from === undefined) throw invalidParameter('You must provide MoveToVersionId, RemoveFromVersionId or both.');
    if (stage === current) throw invalidParameter(`You can't remove the staging label ${current}: move it to another version.`);
    moveStage(secret, stage, undefined);
    return;
  }
  const target = version(to);
  if (holder && holder !== target && from === undefined)
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}.`,
    );
  moveStage(secret, stage, target);
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}
