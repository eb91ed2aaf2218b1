/** Coder's workspaces and builds: list, get, create, start, stop, delete, cancel. A build is only asked for here; stack time carries it out. */
import { type Answer, type Call, type Route, route } from '../http.ts';
import {
  type AccessOptions,
  adminOnly,
  coderError,
  invalid,
  isAdmin,
  namedUser,
  pageOf,
  refused,
  searchTerms,
  signedIn,
} from './access.ts';
import { type Build, isActive, isDeleted, jobStatus, type Transition, workspaceStatus } from './builds.ts';
import { showBuild, showTemplate, showWorkspace } from './show.ts';
import {
  buildsOf,
  organizationId,
  type Store,
  templateId,
  templateVersionId,
  type User,
  uuidOf,
  type Workspace,
  workspacesOf,
} from './state.ts';
import { usernamePattern } from './users.ts';

const hidden = 'Resource not found or you do not have access to this resource';

/** Faults that a build's own request can ask for. */
export const buildEffects = ['build-fails', 'build-never-starts'] as const;

export function workspaceRoutes(options: AccessOptions, save: () => Promise<void>): Route[] {
  const { store } = options;
  const deleted = (workspace: Workspace) => isDeleted(buildsOf(store, workspace), options.now());

  /** Deleted workspaces are not in it, dormant and stopped ones are. */
  function list(call: Call, actor: User): Answer {
    const terms = searchTerms(call.query.get('q') ?? '');
    const found = [...store.workspaces.values()].filter((workspace) => {
      const owner = store.users.get(workspace.ownerId);
      const wanted = terms.get('owner');
      if (owner !== actor && !isAdmin(actor)) return false;
      if (wanted !== undefined && owner?.username.toLowerCase() !== (wanted === 'me' ? actor.username.toLowerCase() : wanted)) return false;
      const name = terms.get('name') ?? terms.get('');
      if (deleted(workspace)) return false;
      if (name !== undefined && !workspace.name.toLowerCase().includes(name)) return false;
      if (terms.has('template') && terms.get('template') !== 'claude-code') return false;
      const status = terms.get('status');
      const latest = buildsOf(store, workspace).at(-1);
      return status === undefined || (latest !== undefined && workspaceStatus(latest, options.now()) === status);
    });
    const workspaces = pageOf(call, found).map((workspace) => showWorkspace(store, workspace, options.now()));
    return { status: 200, body: { workspaces, count: found.length } };
  }

  function named(call: Call, actor: User): Workspace {
    const workspace = store.workspaces.get(call.params.workspace ?? '');
    if (!workspace || (workspace.ownerId !== actor.id && !isAdmin(actor))) throw refused(404, hidden);
    return workspace;
  }

  /** 410 once deleted, unless the query says `include_deleted=true`. */
  function get(call: Call, actor: User): Answer {
    const workspace = named(call, actor);
    if (deleted(workspace) && call.query.get('include_deleted') !== 'true')
      return coderError(410, `Workspace ${workspace.id} was deleted; ask with include_deleted=true to see it.`);
    return { status: 200, body: showWorkspace(store, workspace, options.now()) };
  }

  function getByName(call: Call, actor: User): Answer {
    const owner = namedUser(options, call, actor);
    const workspace = workspacesOf(store, owner.id).find((one) => one.name === call.params.name?.toLowerCase() && !deleted(one));
    if (!workspace) throw refused(404, hidden);
    return { status: 200, body: showWorkspace(store, workspace, options.now()) };
  }

  async function create(call: Call, actor: User): Promise<Answer> {
    const owner = namedUser(options, call, actor);
    const { name, template_id: template, template_version_id: version } = call.body;
    if (typeof name !== 'string' || !usernamePattern.test(name) || name.length > 32)
      throw invalid('name', 'letters and digits, joined by single hyphens, at most 32');
    if ((template === undefined) === (version === undefined))
      throw invalid('template_id', 'exactly one of template_id and template_version_id is required');
    if (template !== undefined && template !== templateId) throw refused(404, 'The template does not exist.');
    if (version !== undefined && version !== store.activeVersion) throw refused(404, 'The template version does not exist.');
    const taken = workspacesOf(store, owner.id).some((one) => one.name === name.toLowerCase() && !deleted(one));
    if (taken) throw refused(409, `Workspace "${name}" already exists.`);
    const workspace = addWorkspace(store, { id: uuidOf(), ownerId: owner.id, name: name.toLowerCase(), createdAt: options.now() });
    addBuild(store, workspace, {
      id: uuidOf(),
      versionId: typeof version === 'string' ? version : store.activeVersion,
      transition: 'start',
      orphan: false,
      initiatorId: actor.id,
      createdAt: options.now(),
      plan: planOf(call),
    });
    await save();
    return { status: 201, body: showWorkspace(store, workspace, options.now()) };
  }

  /** A deleted workspace takes another build, and another delete runs again: whoever asks must look first. */
  async function build(call: Call, actor: User): Promise<Answer> {
    const workspace = named(call, actor);
    const { transition, orphan } = call.body;
    if (!isTransition(transition)) throw invalid('transition', 'is start, stop or delete');
    if (orphan === true && transition !== 'delete') throw refused(400, 'Orphan is only permitted when deleting a workspace.');
    if (orphan === true && !isAdmin(actor)) throw refused(403, 'Only who may update the template may orphan.');
    const { template_version_id: wanted } = call.body;
    const latest = buildsOf(store, workspace).at(-1);
    if (latest && isActive(latest, options.now())) throw refused(409, 'A workspace build is already active.');
    const made = addBuild(store, workspace, {
      id: uuidOf(),
      transition,
      versionId: typeof wanted === 'string' ? wanted : versionFor(workspace, transition, latest),
      orphan: orphan === true,
      initiatorId: actor.id,
      createdAt: options.now(),
      plan: planOf(call),
    });
    await save();
    return { status: 201, body: showBuild(store, made, options.now()) };
  }

  /** A stop is built from what runs; a start too, unless the workspace takes the active version by itself. */
  function versionFor(workspace: Workspace, transition: Transition, latest: Build | undefined): string {
    return workspace.updatesAtStart && transition === 'start' ? store.activeVersion : (latest?.versionId ?? templateVersionId);
  }

  function namedBuild(call: Call, actor: User): Build {
    const found = store.builds.get(call.params.build ?? '');
    const workspace = found && store.workspaces.get(found.workspaceId);
    if (!found || !workspace || (workspace.ownerId !== actor.id && !isAdmin(actor))) throw refused(404, hidden);
    return found;
  }

  async function cancel(call: Call, actor: User): Promise<Answer> {
    const found = namedBuild(call, actor);
    const status = jobStatus(found, options.now());
    const expected = call.query.get('expect_status');
    if (expected !== null && expected !== status) throw refused(412, `The job is ${status}, not ${expected}.`);
    if (status !== 'pending' && status !== 'running')
      throw refused(400, `The job is ${status}; only a pending or running one can be canceled.`);
    found.canceledAt = options.now();
    await save();
    return { status: 200, body: { message: 'Job has been marked as canceled.' } };
  }

  function logs(call: Call, actor: User): Answer {
    const found = namedBuild(call, actor);
    const after = Number(call.query.get('after') ?? 0);
    const status = jobStatus(found, options.now());
    const stages =
      status === 'pending' ? [] : ['Setting up', ...(status === 'running' ? [] : [`Terraform ${found.transition}: ${status}`])];
    const lines = stages.map((stage, index) => ({
      id: index + 1,
      created_at: new Date(found.createdAt).toISOString(),
      log_source: 'provisioner',
      log_level: 'info',
      stage,
      output: '',
    }));
    return { status: 200, body: lines.filter((line) => line.id > after) };
  }

  /** Any id will do for a version: nobody pushes one here. */
  async function activate(call: Call): Promise<Answer> {
    const { id } = call.body;
    if (call.params.template !== templateId) throw refused(404, hidden);
    if (typeof id !== 'string') throw invalid('id', 'is required');
    store.activeVersion = id;
    await save();
    return { status: 200, body: { message: 'Updated the active template version!' } };
  }

  async function autoUpdate(call: Call, actor: User): Promise<Answer> {
    const workspace = named(call, actor);
    workspace.updatesAtStart = call.body.automatic_updates === 'always';
    await save();
    return { status: 204 };
  }

  const builds = (call: Call, actor: User): Answer => {
    const all = buildsOf(store, named(call, actor)).reverse();
    return { status: 200, body: pageOf(call, all).map((one) => showBuild(store, one, options.now())) };
  };

  return [
    route('GET', '/api/v2/workspaces', signedIn(options, list)),
    route('GET', '/api/v2/workspaces/:workspace', signedIn(options, get)),
    route('GET', '/api/v2/workspaces/:workspace/builds', signedIn(options, builds)),
    route('POST', '/api/v2/workspaces/:workspace/builds', signedIn(options, build)),
    route(
      'GET',
      '/api/v2/workspacebuilds/:build',
      signedIn(options, (call, actor) => ({ status: 200, body: showBuild(store, namedBuild(call, actor), options.now()) })),
    ),
    route('GET', '/api/v2/workspacebuilds/:build/logs', signedIn(options, logs)),
    route('PATCH', '/api/v2/workspacebuilds/:build/cancel', signedIn(options, cancel)),
    route('GET', '/api/v2/users/:user/workspace/:name', signedIn(options, getByName)),
    route('POST', '/api/v2/organizations/:organization/members/:user/workspaces', adminOnly(options, create)),
    route(
      'GET',
      '/api/v2/organizations',
      signedIn(options, () => ({
        status: 200,
        body: [{ id: organizationId, name: 'default', display_name: 'Default', is_default: true }],
      })),
    ),
    route(
      'GET',
      '/api/v2/templates',
      signedIn(options, () => ({ status: 200, body: [showTemplate(store)] })),
    ),
    route('PATCH', '/api/v2/templates/:template/versions', adminOnly(options, activate)),
    route('PUT', '/api/v2/workspaces/:workspace/autoupdates', signedIn(options, autoUpdate)),
  ];
}

export function addWorkspace(store: Store, wanted: Omit<Workspace, 'templateId' | 'buildIds'>): Workspace {
  const workspace: Workspace = { ...wanted, templateId, buildIds: [] };
  store.workspaces.set(workspace.id, workspace);
  return workspace;
}

export function addBuild(store: Store, workspace: Workspace, wanted: Omit<Build, 'workspaceId' | 'number'>): Build {
  const build: Build = { ...wanted, workspaceId: workspace.id, number: workspace.buildIds.length + 1 };
  store.builds.set(build.id, build);
  workspace.buildIds.push(build.id);
  return build;
}

function planOf(call: Call): Build['plan'] {
  if (call.effect === 'build-fails') return 'fails';
  return call.effect === 'build-never-starts' ? 'never-starts' : 'succeeds';
}

function isTransition(value: unknown): value is Transition {
  return value === 'start' || value === 'stop' || value === 'delete';
}
