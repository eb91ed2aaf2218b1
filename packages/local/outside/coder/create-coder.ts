/**
 * A Coder deployment under `/coder`, with what its API does not show: the task behind a workspace, reachable at
 * `/coder/workloads/{workspace id}` as a load balancer reaches it, past Coder. Time passes by the stack clock only.
 */
import type { Clock } from '../../clock.ts';
import type { Workload } from '../../workloads.ts';
import { type Answer, type Call, isRecord, type Route, route, type System } from '../http.ts';
import { createRateLimiter, type Tally } from '../rate-limit.ts';
import { createSnapshot } from '../snapshot.ts';
import { type AccessOptions, coderError, presentedToken } from './access.ts';
import { endsAt, jobStatus, pendingMs, runningMs, runningTask, trustedAgent } from './builds.ts';
import { environmentOf, secretRoutes } from './secrets.ts';
import {
  agentTokenOf,
  buildsOf,
  type CoderState,
  createStore,
  hashSecret,
  type Store,
  sessionToken,
  uuidOf,
  type Workspace,
} from './state.ts';
import { userRoutes } from './users.ts';
import { addBuild, addWorkspace, workspaceRoutes } from './workspaces.ts';

export interface CoderOptions {
  /** The service account's session token (`Coder-Session-Token`): user, template and organization admin, not owner. */
  token: string;
  /** Whether what hosts a workspace runs its task; where it is absent, Coder's builds alone say so. */
  runs?: (workload: Workload) => boolean;
  /** 1 is Coder's own limit, 512 calls a minute by one user of one path. */
  rateMultiplier?: number;
}

export interface Coder {
  system: System;
  /** Turns when the first state has been saved. */
  ready: Promise<void>;
  /** What the template has made in AWS for each workspace, up to now. */
  workloads(): Workload[];
}

/** `CODER_API_RATE_LIMIT`, unless the deployment says otherwise. */
export const coderCallsPerMinute = 512;
const serviceUserId = uuidOf('user:gatehouse');

export function createCoder(
  options: CoderOptions,
  context: { clock: Clock; people: readonly { email: string; name: string }[]; dataFolder?: string; tally?: Tally },
): Coder {
  const { clock } = context;
  const now = () => clock.now();
  const snapshot = createSnapshot(context.dataFolder, 'outside-coder.json', () => store.state());
  const saved = parseSaved(snapshot.load());
  const store = createStore(saved);
  if (!saved) seed(store, context.people, now());
  const access: AccessOptions = { store, serviceToken: options.token, serviceUserId, now };
  const save = () => snapshot.save();
  const routes = [
    ...userRoutes(access, save),
    ...secretRoutes(access, save),
    ...workspaceRoutes(access, save),
    ...workloadRoutes(store, now, (workspace) => options.runs?.(workloadOf(store, workspace, now())) ?? true),
  ];
  return {
    system: { prefix: '/coder', routes: routes.map(limitedBy(now, options.rateMultiplier ?? 1, context.tally)), refuse: coderError },
    ready: saved ? Promise.resolve() : save(),
    workloads: () => [...store.workspaces.values()].map((workspace) => workloadOf(store, workspace, now())),
  };
}

/** A user by the token presented, and the path as it is called, whatever the method. Tallied are the paths that bear nobody's id, and what is beyond the limit. */
function limitedBy(now: () => number, multiplier: number, tally: Tally = new Map()): (one: Route) => Route {
  const count = createRateLimiter(now, multiplier);
  return ({ method, pattern, handler }) => {
    if (!pattern.startsWith('/api/v2/')) return { method, pattern, handler };
    const name = `coder ${pattern}`;
    return route(method, pattern, (call) => {
      const { limit, reset, exceeded } = count(`${presentedToken(call)} ${call.path}`, coderCallsPerMinute);
      const { calls, refused } = tally.get(name) ?? { calls: 0, refused: 0 };
      if (exceeded || !pattern.includes(':')) tally.set(name, { limit, calls: calls + 1, refused: refused + (exceeded ? 1 : 0) });
      if (!exceeded) return handler(call);
      const seconds = Math.max(1, Math.ceil(reset - now() / 1000));
      return { ...coderError(429, "You've been rate limited for sending too many requests!"), headers: { 'retry-after': String(seconds) } };
    });
  };
}

/** The agent inside a running task, and the task as seen from outside. Neither asks whether the owner is suspended. */
function workloadRoutes(store: Store, now: () => number, isHosted: (workspace: Workspace) => boolean): Route[] {
  function agent(call: Call): { workspace: Workspace; buildId: string } | undefined {
    const token = presentedToken(call);
    for (const workspace of store.workspaces.values()) {
      const build = trustedAgent(buildsOf(store, workspace), now());
      if (build && agentTokenOf(build.id) === token && isHosted(workspace)) return { workspace, buildId: build.id };
    }
    return undefined;
  }
  const asAgent = (show: (workspace: Workspace, buildId: string) => unknown) => {
    return (call: Call): Answer => {
      const found = agent(call);
      return found ? { status: 200, body: show(found.workspace, found.buildId) } : coderError(401, 'Agent token is invalid.');
    };
  };
  return [
    route(
      'GET',
      '/api/v2/workspaceagents/me/manifest',
      asAgent((workspace, buildId) => ({
        agent_id: uuidOf(`agent:${buildId}`),
        agent_name: 'main',
        workspace_id: workspace.id,
        workspace_name: workspace.name,
        owner_name: store.users.get(workspace.ownerId)?.username,
        environment_variables: environmentOf(store.secrets.values(), workspace.ownerId),
      })),
    ),
    route(
      'GET',
      '/api/v2/workspaceagents/me/gitsshkey',
      asAgent((workspace) => ({ public_key: `ssh-ed25519 ${uuidOf(`ssh:${workspace.ownerId}`)}` })),
    ),
    route('GET', '/healthz', () => ({ status: 200, body: 'OK' })),
    route('GET', '/workloads/:workspace', (call) => {
      const workspace = store.workspaces.get(call.params.workspace ?? '');
      const task = workspace && runningTask(buildsOf(store, workspace), now());
      return task && isHosted(workspace) ? { status: 200, body: 'code-server' } : coderError(503, 'No healthy target answers.');
    }),
  ];
}

function workloadOf(store: Store, workspace: Workspace, now: number): Workload {
  const builds = buildsOf(store, workspace);
  const done = builds.filter((build) => jobStatus(build, now) === 'succeeded');
  const task = runningTask(builds, now);
  return {
    workspaceId: workspace.id,
    ownerId: workspace.ownerId,
    ownerName: store.users.get(workspace.ownerId)?.username ?? workspace.ownerId,
    name: workspace.name,
    isThere: done.length > 0 && !done.some(({ transition, orphan }) => transition === 'delete' && !orphan),
    startedMs: task && endsAt(task),
  };
}

/** What a seeded person holds: the same at every fresh start, so that a test can act as that person or as their agent. */
export function seededSessionToken(email: string): string {
  return sessionToken(email).token;
}
export function seededAgentToken(email: string): string {
  return agentTokenOf(uuidOf(`build:${email}`));
}
export function seededWorkspaceId(email: string): string {
  return uuidOf(`workspace:${email}`);
}

/** The local part of the address as Coder allows it, e.g. `ann-lee` of `ann.lee@example.com`. */
export function usernameFor(email: string): string {
  const local = email.split('@')[0] ?? '';
  return (
    local
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 32)
      .replace(/-$/, '') || 'user'
  );
}

function seed(store: Store, people: readonly { email: string; name: string }[], now: number): void {
  const user = (id: string, username: string, email: string, name: string, roles: string[]) =>
    store.users.set(id, {
      id,
      username,
      email,
      name,
      status: 'active',
      roles,
      loginType: 'oidc',
      deleted: false,
      createdAt: now,
      updatedAt: now,
    });
  user(serviceUserId, 'gatehouse', 'gatehouse@example.com', 'Gatehouse', ['user-admin', 'template-admin', 'organization-admin']);
  user(uuidOf('user:owner'), 'coder-owner', 'coder-owner@example.com', 'Coder Owner', ['owner']);
  const taken = new Set(['gatehouse', 'coder-owner']);
  for (const person of people) {
    const wanted = usernameFor(person.email);
    let username = wanted;
    for (let again = 2; taken.has(username); again += 1) username = `${wanted.slice(0, 28)}-${again}`;
    taken.add(username);
    const id = uuidOf(`user:${person.email}`);
    user(id, username, person.email, person.name, []);
    const { id: tokenId, secret } = sessionToken(person.email);
    store.tokens.set(tokenId, {
      id: tokenId,
      userId: id,
      name: 'seeded',
      secretHash: hashSecret(secret),
      createdAt: now,
      expiresAt: now + 365 * 24 * 3600 * 1000,
    });
    const workspace = addWorkspace(store, { id: seededWorkspaceId(person.email), ownerId: id, name: 'main', createdAt: now });
    const createdAt = now - pendingMs - runningMs.start;
    addBuild(store, workspace, {
      id: uuidOf(`build:${person.email}`),
      transition: 'start',
      orphan: false,
      initiatorId: id,
      createdAt,
      plan: 'succeeds',
    });
  }
}

function parseSaved(saved: unknown): CoderState | undefined {
  if (saved === undefined) return undefined;
  const lists = isRecord(saved) ? [saved.users, saved.tokens, saved.workspaces, saved.builds] : [];
  const [users, tokens, workspaces, builds] = lists;
  const secrets = isRecord(saved) && Array.isArray(saved.secrets) ? saved.secrets : [];
  if (!Array.isArray(users) || !Array.isArray(tokens) || !Array.isArray(workspaces) || !Array.isArray(builds)) {
    throw new Error('The saved Coder state is not one that this stack wrote; start with --fresh');
  }
  return { secrets, users, tokens, workspaces, builds };
}
