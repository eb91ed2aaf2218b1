/** Coder's records as its API writes them: RFC 3339 times, ids as UUIDs. */
import { type Build, endsAt, jobStatus, runningTask, startsAt, workspaceStatus } from './builds.ts';
import {
  buildsOf,
  organizationId,
  type Store,
  type Token,
  templateId,
  templateVersionId,
  type User,
  uuidOf,
  type Workspace,
} from './state.ts';

const never = '0001-01-01T00:00:00Z';

export function showUser(user: User): Record<string, unknown> {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    name: user.name,
    avatar_url: '',
    created_at: time(user.createdAt),
    updated_at: time(user.updatedAt),
    last_seen_at: never,
    status: user.status,
    login_type: user.loginType,
    theme_preference: '',
    organization_ids: [organizationId],
    roles: user.roles.map((name) => ({ name, display_name: name })),
  };
}

export function showToken(token: Token, now: number): Record<string, unknown> {
  return {
    id: token.id,
    user_id: token.userId,
    token_name: token.name,
    login_type: 'token',
    scope: 'all',
    created_at: time(token.createdAt),
    updated_at: time(token.createdAt),
    last_used: never,
    expires_at: time(token.expiresAt),
    lifetime_seconds: Math.max(0, Math.round((token.expiresAt - now) / 1000)),
  };
}

export function showBuild(store: Store, build: Build, now: number): Record<string, unknown> {
  const workspace = store.workspaces.get(build.workspaceId);
  const owner = store.users.get(workspace?.ownerId ?? '');
  const status = jobStatus(build, now);
  const [start, end] = [startsAt(build), endsAt(build)];
  const done = ['succeeded', 'failed'].includes(status) ? end : status === 'canceled' ? build.canceledAt : undefined;
  const provisioners = start === undefined ? 0 : 1;
  return {
    id: build.id,
    build_number: build.number,
    created_at: time(build.createdAt),
    updated_at: time(build.createdAt),
    workspace_id: build.workspaceId,
    workspace_name: workspace?.name ?? '',
    workspace_owner_id: owner?.id ?? '',
    workspace_owner_name: owner?.username ?? '',
    template_version_id: build.versionId ?? templateVersionId,
    transition: build.transition,
    initiator_id: build.initiatorId,
    initiator_name: store.users.get(build.initiatorId)?.username ?? '',
    reason: 'initiator',
    status: workspaceStatus(build, now),
    matched_provisioners: { count: provisioners, available: provisioners },
    job: {
      id: uuidOf(`job:${build.id}`),
      created_at: time(build.createdAt),
      ...(start !== undefined && start <= now ? { started_at: time(start) } : {}),
      ...(done === undefined ? {} : { completed_at: time(done) }),
      ...(status === 'canceled' && build.canceledAt !== undefined ? { canceled_at: time(build.canceledAt) } : {}),
      ...(status === 'failed' ? { error: 'terraform apply: exit status 1' } : {}),
      status,
      type: 'workspace_build',
      queue_position: status === 'pending' ? 1 : 0,
      queue_size: status === 'pending' ? 1 : 0,
      organization_id: organizationId,
      initiator_id: build.initiatorId,
      input: { workspace_build_id: build.id },
      tags: { owner: '', scope: 'organization' },
    },
    resources: resourcesOf(build, now),
  };
}

function resourcesOf(build: Build, now: number): unknown[] {
  if (build.transition !== 'start' || jobStatus(build, now) !== 'succeeded') return [];
  const agent = { id: uuidOf(`agent:${build.id}`), name: 'main', status: 'connected', lifecycle_state: 'ready' };
  return [
    { id: uuidOf(`resource:${build.id}`), name: 'workspace', type: 'aws_ecs_service', workspace_transition: 'start', agents: [agent] },
  ];
}

export function showWorkspace(store: Store, workspace: Workspace, now: number): Record<string, unknown> {
  const builds = buildsOf(store, workspace);
  const latest = builds.at(-1);
  const owner = store.users.get(workspace.ownerId);
  return {
    id: workspace.id,
    name: workspace.name,
    created_at: time(workspace.createdAt),
    updated_at: time(latest?.createdAt ?? workspace.createdAt),
    last_used_at: never,
    owner_id: workspace.ownerId,
    owner_name: owner?.username ?? '',
    organization_id: organizationId,
    organization_name: 'default',
    template_id: workspace.templateId,
    template_name: 'claude-code',
    template_active_version_id: store.activeVersion,
    outdated: (latest?.versionId ?? templateVersionId) !== store.activeVersion,
    automatic_updates: workspace.updatesAtStart ? 'always' : 'never',
    latest_build: latest && showBuild(store, latest, now),
    health: { healthy: runningTask(builds, now) !== undefined, failing_agents: [] },
  };
}

export function showTemplate(store: Store): Record<string, unknown> {
  return { id: templateId, name: 'claude-code', organization_id: organizationId, active_version_id: store.activeVersion };
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
