/** What is asked of any EFS and AWS Backup: the refusals, which need nothing to be there; and of the embedded stack's own file system and cluster what takes one. */
import { AwsClient } from 'aws4fetch';
import { describe, expect, it } from 'vitest';
import { credentialsOf, type Target } from './target.ts';

interface Answer {
  status: number;
  /** AWS's name for what it refuses. */
  error: string | undefined;
  body: Record<string, unknown>;
}

/** `host` is the endpoint's where the SDKs would build it, e.g. `elasticfilesystem`. */
async function callerOf(target: Target, host: string) {
  const { region, endpoint = `https://${host}.${region}.amazonaws.com` } = target.client;
  const signer = new AwsClient({ ...(await credentialsOf(target)), service: host, region, retries: 0 });
  return async (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> => {
    const type = { 'content-type': 'application/json' };
    const answer = await signer.fetch(endpoint + path, {
      method,
      headers: { ...(body && type), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    const named = answer.headers.get('x-amzn-errortype') ?? parsed.__type ?? parsed.ErrorCode;
    return { status: answer.status, error: named === undefined ? undefined : String(named).split(':')[0]?.split('#').at(-1), body: parsed };
  };
}

export function describeFileSystems(target: () => Target): void {
  describe('EFS', () => {
    it('says by name what is not there', async () => {
      const call = await callerOf(target(), 'elasticfilesystem');
      const points = '/2015-02-01/access-points';
      expect(await call('GET', `${points}?FileSystemId=fs-00000000000000000`)).toMatchObject({ status: 404, error: 'FileSystemNotFound' });
      expect(await call('GET', `${points}?AccessPointId=fsap-00000000000000000`)).toMatchObject({
        status: 404,
        error: 'AccessPointNotFound',
      });
      expect(await call('DELETE', `${points}/fsap-00000000000000000`)).toMatchObject({ status: 404, error: 'AccessPointNotFound' });
    });

    it('lists access points with their tags, state and path', async () => {
      const call = await callerOf(target(), 'elasticfilesystem');
      const { status, body } = await call('GET', '/2015-02-01/access-points?MaxResults=2');
      expect([status, Array.isArray(body.AccessPoints)]).toEqual([200, true]);
      for (const point of body.AccessPoints as object[])
        expect(point).toMatchObject({
          AccessPointId: expect.stringMatching(/^fsap-[0-9a-f]{8,40}$/),
          AccessPointArn: expect.stringMatching(/:access-point\/fsap-/),
          FileSystemId: expect.stringMatching(/^fs-/),
          LifeCycleState: expect.any(String),
          RootDirectory: { Path: expect.stringMatching(/^\//) },
          Tags: expect.any(Array),
        });
    });
  });
}

export function describeBackups(target: () => Target): void {
  describe('AWS Backup', () => {
    it('says by name what is not there, and takes no window under an hour', async () => {
      const call = await callerOf(target(), 'backup');
      const missing = { status: 400, error: 'ResourceNotFoundException' };
      expect(await call('GET', '/backup-jobs/00000000-0000-0000-0000-000000000000')).toMatchObject(missing);
      const vault = target().name('vault');
      const { region } = target().client;
      const account = target().roleArn.split(':')[4];
      const point = `arn:aws:backup:${region}:${account}:recovery-point:00000000-0000-0000-0000-000000000000`;
      // A vault that is not there is either not found or, to whoever may not know, denied.
      const { status, error } = await call('GET', `/backup-vaults/${vault}/recovery-points/${encodeURIComponent(point)}`);
      expect([status >= 400, ['ResourceNotFoundException', 'AccessDeniedException'].includes(error ?? '')]).toEqual([true, true]);
    });

    it('keeps a vault, and refuses a second one of its name', async () => {
      const call = await callerOf(target(), 'backup');
      const name = target().name('vault');
      // In an account it would stay.
      if (target().client.endpoint === undefined) return;
      expect(await call('PUT', `/backup-vaults/${name}`, {})).toMatchObject({ status: 200, body: { BackupVaultName: name } });
      expect(await call('PUT', `/backup-vaults/${name}`, {})).toMatchObject({ error: 'AlreadyExistsException' });
      expect(await call('GET', `/backup-vaults/${name}`)).toMatchObject({ status: 200, body: { NumberOfRecoveryPoints: 0 } });
    });
  });
}

export function describeClusters(target: () => Target): void {
  describe('ECS', () => {
    it('says by name what is not there', async () => {
      const call = await callerOf(target(), 'ecs');
      const ask = (operation: string, input: object) =>
        call('POST', '/', input, {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
        });
      const cluster = target().name('cluster');
      for (const [operation, input] of [
        ['ListTasks', { cluster }],
        ['DescribeServices', { cluster, services: ['x'] }],
        ['UpdateService', { cluster, service: 'x', desiredCount: 0 }],
      ] as const)
        expect(await ask(operation, input), operation).toMatchObject({ status: 400, error: 'ClusterNotFoundException' });
    });
  });
}
