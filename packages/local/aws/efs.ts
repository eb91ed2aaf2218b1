/**
 * EFS of the embedded stack: file systems by id, and their access points: those of Coder's workspaces, and those that callers make. A deleted one is
 * `deleting` for a while, then not found. Its data is nobody's to delete here either: there is no mount.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { readDocument, writeDocument } from '../durable-file.ts';
import type { Workload } from '../workloads.ts';
import type { WholeService } from './endpoint.ts';
import { type Asking, createRestService, type RestCall, type RestOperation } from './rest.ts';
import { AwsError, account, region } from './service.ts';

interface Point {
  id: string;
  fileSystem: string;
  clientToken: string;
  path: string;
  uid: number;
  gid: number;
  tags: Record<string, string>;
}

interface Kept {
  made: Point[];
  /** Access point -> when it was deleted, milliseconds. */
  deleted: [string, number][];
}

export interface EfsOptions {
  clock: Clock;
  fileSystems: readonly string[];
  workloads(): readonly Workload[];
  /** Kept here; without it in memory. */
  path?: string;
}

const deletingMs = 5_000;
const pageSize = 100;
const arnOf = (kind: string, id: string) => `arn:aws:elasticfilesystem:${region}:${account}:${kind}/${id}`;

export function createEfs({ clock, fileSystems, workloads, path }: EfsOptions): WholeService {
  const kept = (path === undefined ? undefined : (readDocument(path) as Kept | undefined)) ?? { made: [], deleted: [] };
  const made = new Map(kept.made.map((point) => [point.id, point]));
  const deleted = new Map(kept.deleted);

  function save(): void {
    if (path !== undefined) writeDocument(path, { made: [...made.values()], deleted: [...deleted] } satisfies Kept);
  }
  function stateOf(id: string): 'available' | 'deleting' | 'gone' {
    const at = deleted.get(id);
    if (at === undefined) return 'available';
    return clock.now() < at + deletingMs ? 'deleting' : 'gone';
  }
  const ofWorkspaces = new Map<string, Point>();
  function ofWorkspace(workload: Workload): Point {
    const known = ofWorkspaces.get(workload.workspaceId) ?? pointOf(workload, fileSystems[0] ?? '');
    ofWorkspaces.set(workload.workspaceId, known);
    return known;
  }
  function points(): Point[] {
    const ofCoder = workloads().flatMap((workload) => (workload.isThere ? [ofWorkspace(workload)] : []));
    return [...ofCoder, ...made.values()].filter(({ id }) => stateOf(id) !== 'gone').sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  function point(id: string): Point {
    const found = points().find((one) => one.id === id || arnOf('access-point', one.id) === id);
    if (!found) throw refused('AccessPointNotFound', `Access point ${id} does not exist.`, 404);
    return found;
  }
  function fileSystem(id: string): string {
    if (!fileSystems.includes(id)) throw refused('FileSystemNotFound', `File system '${id}' does not exist.`, 404);
    return id;
  }
  function shown(one: Point) {
    return {
      AccessPointArn: arnOf('access-point', one.id),
      AccessPointId: one.id,
      ClientToken: one.clientToken,
      FileSystemId: one.fileSystem,
      LifeCycleState: stateOf(one.id),
      Name: one.tags.Name,
      OwnerId: account,
      PosixUser: { Uid: one.uid, Gid: one.gid },
      RootDirectory: { Path: one.path, CreationInfo: { OwnerUid: one.uid, OwnerGid: one.gid, Permissions: '0750' } },
      Tags: Object.entries(one.tags).map(([Key, Value]) => ({ Key, Value })),
    };
  }
  /** IAM reads the tags of what is asked about. */
  function asks(action: string, id: string): Asking[] {
    const found = points().find((one) => one.id === id);
    const context = Object.fromEntries(Object.entries(found?.tags ?? {}).map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
    return [{ action: `elasticfilesystem:${action}`, resource: arnOf('access-point', id), context }];
  }

  const operations: Record<string, RestOperation> = {
    DescribeFileSystems: {
      method: 'GET',
      path: '/2015-02-01/file-systems',
      run({ query }) {
        const id = query.get('FileSystemId');
        const ids = id === null ? fileSystems : [fileSystem(id)];
        const size = { Value: 6144, Timestamp: clock.now() / 1000 };
        return {
          body: {
            FileSystems: ids.map((FileSystemId) => ({
              FileSystemId,
              FileSystemArn: arnOf('file-system', FileSystemId),
              OwnerId: account,
              LifeCycleState: 'available',
              Encrypted: true,
              SizeInBytes: size,
              NumberOfMountTargets: 0,
              PerformanceMode: 'generalPurpose',
              Tags: [],
            })),
          },
        };
      },
    },
    DescribeAccessPoints: {
      method: 'GET',
      path: '/2015-02-01/access-points',
      asks: ({ query }) => {
        const id = query.get('AccessPointId');
        if (id !== null) return asks('DescribeAccessPoints', id);
        const system = query.get('FileSystemId');
        return [{ action: 'elasticfilesystem:DescribeAccessPoints', resource: system === null ? '*' : arnOf('file-system', system) }];
      },
      run({ query }) {
        const [id, system, after] = [query.get('AccessPointId'), query.get('FileSystemId'), query.get('NextToken') ?? ''];
        if (id !== null && system !== null)
          throw refused('BadRequest', 'AccessPointId and FileSystemId are mutually exclusive: give one of them', 400);
        if (id !== null) return { body: { AccessPoints: [shown(point(id))] } };
        if (system !== null) fileSystem(system);
        const all = points().filter((one) => (system === null || one.fileSystem === system) && one.id > after);
        const page = all.slice(0, Math.min(Number(query.get('MaxResults') ?? pageSize), pageSize));
        return { body: { AccessPoints: page.map(shown), ...(page.length < all.length && { NextToken: page.at(-1)?.id }) } };
      },
    },
    CreateAccessPoint: {
      method: 'POST',
      path: '/2015-02-01/access-points',
      run(call) {
        const one = wished(call);
        fileSystem(one.fileSystem);
        const same = points().find(({ clientToken }) => clientToken === one.clientToken);
        if (same)
          throw new AwsError('AccessPointAlreadyExists', 'An access point with this client token exists.', {
            status: 409,
            extra: { ErrorCode: 'AccessPointAlreadyExists', AccessPointId: same.id },
          });
        made.set(one.id, one);
        save();
        return { body: shown(one) };
      },
    },
    DeleteAccessPoint: {
      method: 'DELETE',
      path: '/2015-02-01/access-points/{id}',
      asks: ({ path: { id = '' } }) => asks('DeleteAccessPoint', id),
      run({ path: { id = '' } }) {
        deleted.set(point(id).id, deleted.get(id) ?? clock.now());
        save();
        return { status: 204 };
      },
    },
  };
  return createRestService('elasticfilesystem', operations);
}

/** As Coder's template makes it: the path and the tags are of ids that nobody else gets. */
function pointOf({ workspaceId, ownerId, ownerName, name }: Workload, fileSystem: string): Point {
  return {
    id: `fsap-${createHash('sha256').update(`home:${workspaceId}`).digest('hex').slice(0, 17)}`,
    fileSystem,
    clientToken: workspaceId,
    path: `/homes/${ownerId}/${workspaceId}`,
    uid: 1000,
    gid: 1000,
    tags: { Name: `coder-${ownerName}-${name}`, coder_owner_id: ownerId, coder_workspace_id: workspaceId },
  };
}

function wished({ body }: RestCall): Point {
  const { FileSystemId, ClientToken, PosixUser, RootDirectory, Tags } = body;
  if (typeof FileSystemId !== 'string' || typeof ClientToken !== 'string' || ClientToken === '')
    throw refused('BadRequest', 'ClientToken and FileSystemId are required', 400);
  const user = (PosixUser ?? {}) as { Uid?: number; Gid?: number };
  const tags = (Array.isArray(Tags) ? Tags : []) as { Key: string; Value: string }[];
  return {
    id: `fsap-${randomBytes(9).toString('hex').slice(0, 17)}`,
    fileSystem: FileSystemId,
    clientToken: ClientToken,
    path: ((RootDirectory ?? {}) as { Path?: string }).Path ?? '/',
    uid: user.Uid ?? 0,
    gid: user.Gid ?? 0,
    tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
  };
}

function refused(type: string, message: string, status: number): AwsError {
  return new AwsError(type, message, { status, extra: { ErrorCode: type } });
}
