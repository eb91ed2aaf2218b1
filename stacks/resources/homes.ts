/** What an entry may do with the homes and hosts that the profile names. A profile without them grants nothing. */
import type { Entry } from '@gatehouse/contracts/surface';
import { homesPower, hostsPower } from '@gatehouse/core/homes-power';
import type { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { arn } from '../stage.ts';
import type { Statement } from './permission.ts';

export function homesStatements(entry: Entry, { homes, ecs }: WorkspacesConfig): Statement<$util.Input<string>>[] {
  return [
    ...(entry.homes && homes ? homesPower(homes, entry.homes, arn) : []),
    ...(entry.hosts && ecs ? hostsPower(ecs, entry.hosts, arn) : []),
  ];
}
