/** What Coder's template makes in AWS for each workspace: a home on EFS and a service in ECS. Both sides of the embedded stack read it; it does nothing itself. */

export interface Workload {
  workspaceId: string;
  ownerId: string;
  ownerName: string;
  name: string;
  /** Its access point and its service are there: made by the first start, taken away by a delete that is no orphan's. */
  isThere: boolean;
  /** When the task of the latest start began, stack time; undefined: Coder's builds have stopped it. */
  startedMs: number | undefined;
}
