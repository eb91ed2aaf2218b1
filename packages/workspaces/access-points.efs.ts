/** EFS access points as people's homes: whose they are is in a tag. Deletes single ones; data stays on the file system, EFS deletes none (API Reference, DeleteAccessPoint). */
import type { HomesConfig } from '@gatehouse/core/homes-profile';
import { awsCall } from '@gatehouse/runtime/aws-call';
import { Unavailable } from '@gatehouse/runtime/fault';
import * as z from 'zod';
import { answered } from './refusal.aws.ts';

export interface Home {
  /** `fsap-...` */
  id: string;
  /** ARN of the file system that it is on. */
  resource: string;
  /** available, creating, deleting, ... */
  state: string;
}

const Page = z.object({
  AccessPoints: z.array(
    z.object({
      AccessPointId: z.string(),
      AccessPointArn: z.string(),
      FileSystemId: z.string(),
      LifeCycleState: z.string(),
      Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
    }),
  ),
  NextToken: z.string().nullish(),
});

const root = '/2015-02-01/access-points';
const what = 'EFS';
/** EFS lists 100 a page whatever is asked, and holds 10,000 a file system. */
const maxPages = 110;

/** Every access point of the profile's file system whose owner is one of `owners`. @throws Throttled, Unavailable, Misconfigured */
export async function homesOf({ file_system, owner_tag }: HomesConfig, owners: readonly string[]): Promise<Home[]> {
  const homes: Home[] = [];
  let token: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const query = new URLSearchParams({ FileSystemId: file_system, MaxResults: '100', ...(token !== undefined && { NextToken: token }) });
    const answer = await answered(what, awsCall('elasticfilesystem', { method: 'GET', path: `${root}?${query}` }));
    const { AccessPoints, NextToken } = Page.parse(JSON.parse(answer?.body.toString('utf8') ?? ''));
    for (const { AccessPointId, AccessPointArn, FileSystemId, LifeCycleState, Tags } of AccessPoints)
      if (FileSystemId === file_system && Tags.some(({ Key, Value }) => Key === owner_tag && owners.includes(Value)))
        homes.push({ id: AccessPointId, resource: onSystem(AccessPointArn, file_system), state: LifeCycleState });
    if (!NextToken) return homes;
    token = NextToken;
  }
  throw new Unavailable(`The access points of ${file_system} did not end after ${maxPages} pages`);
}

/** Also when it is gone already. @throws Throttled, Unavailable, Misconfigured */
export async function deleteHome(id: string): Promise<void> {
  await answered(what, awsCall('elasticfilesystem', { method: 'DELETE', path: `${root}/${encodeURIComponent(id)}` }), [
    'AccessPointNotFound',
  ]);
}

/** An access point is of its file system's account and region. */
function onSystem(accessPointArn: string, fileSystem: string): string {
  return accessPointArn.replace(/:access-point\/.*$/, `:file-system/${fileSystem}`);
}
