/** The steps over the ECS services that a person's workspaces run in: down, and seen to be down. Coder's own stop does the same; this holds where Coder's build fails or its account is an owner's. */
import { blockHosts, probeHosts } from '@gatehouse/contracts/steps/homes';
import type { StepOutput } from '@gatehouse/contracts/steps/step';
import { judge } from '@gatehouse/core/watch';
import { now } from '@gatehouse/runtime/clock';
import { firstFound, workspacesFound } from './case-target.dynamo.ts';
import { workspacesOf } from './coder.http.ts';
import { onWorkspaces, type Scene, tell } from './scene.coder.ts';
import { type Service, scaleDown, servicesOf, tasksOf } from './services.ecs.ts';
import { type Seen, stateOf } from './workspace.ts';

export { env } from './scene.coder.ts';

/** A container has up to two minutes to end after it is asked to; then some, and a person looks. */
const patience = { quietMs: 10_000, aliveMs: 600_000 };
const whileStoppingSeconds = 30;
const none = (): StepOutput => tell('nothing_to_do', [], 'This company watches no ECS services (profile: workspaces.ecs)');

export const block = onWorkspaces(blockHosts, async (scene) => {
  const { ecs, input } = scene;
  if (!ecs) return none();
  const services = await servicesOf(ecs, await workspaceIds(scene, !input.dry_run));
  if (services.length === 0) return tell('nothing_to_do', [], 'ECS has no service of a workspace of theirs');
  if (input.dry_run) return tell('done', services.map(shown), `${services.length} services would be scaled down`);
  for (const { name, desired } of services) if (desired > 0) await scaleDown(ecs, name);
  const seen = services.map((service): Seen => ({ ...shown(service), after: 'desired 0' }));
  return tell('done', seen, `${services.length} services are scaled down`);
});

export const probe = onWorkspaces(probeHosts, async (scene) => {
  const { ecs, input } = scene;
  if (!ecs) return none();
  const services = await servicesOf(ecs, await workspaceIds(scene, false));
  const counted = [];
  for (const service of services) counted.push({ ...service, tasks: await tasksOf(ecs, service.name) });
  const up = counted.filter(({ desired, running, pending, tasks }) => desired + running + pending + tasks > 0);
  const isDead = up.length === 0;
  const seen = counted.map((one): Seen => ({ ...shown(one), ...(!up.includes(one) && { grade: 'observed' }) }));
  const { verdict, watch, waitSeconds } = judge(
    input.watch,
    { state: isDead ? 'dead' : 'alive', picture: JSON.stringify(counted.map(({ name }) => name).sort()) },
    now(),
    patience,
  );
  if (verdict === 'dead')
    return { ...tell(services.length > 0 ? 'done' : 'nothing_to_do', seen, `${services.length} services run no task`), watch };
  const names = up.map(({ name }) => name).join(', ');
  if (verdict === 'alive')
    return {
      ...tell('needs_human', seen, `Tasks run on after ten minutes in ${names}: stop them in ECS, and see who scales the service up`),
      watch,
    };
  return {
    ...tell('not_yet', seen, isDead ? 'No task runs, as seen once' : `${up.length} services run tasks yet`),
    watch,
    wait_seconds: isDead ? waitSeconds : whileStoppingSeconds,
  };
});

/** What Coder lists now, and what the case has found before: Coder lists nothing that is deleted, and forgets what was orphaned. */
async function workspaceIds({ coder, account, table, input }: Scene, remember: boolean): Promise<string[]> {
  const listed = await workspacesOf(coder, account.username);
  if (remember)
    for (const one of listed) await firstFound(table, input.case_id, { kind: 'workspace', id: one.id, state: stateOf(one) }, now());
  const before = await workspacesFound(table, input.case_id);
  return [...new Set([...listed.map(({ id }) => id), ...before.keys()])];
}

function shown({ name, desired, running }: Service): Seen {
  const state = `desired ${desired}, running ${running}`;
  return { kind: 'service', id: name, before: state, after: state };
}
