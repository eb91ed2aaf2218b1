/** Admins start a rollout, watch it, pause it, let it go on or end it. The machine does the rest. */
import { startMachine } from '@gatehouse/runtime/call';
import { freshId } from '@gatehouse/runtime/clock';
import { http } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { dueOf, openOf, readRollout, rollouts, wish } from './rollout.dynamo.ts';
import { countsOf, type Rollout } from './rollout.ts';
import { readRolloutStart } from './rollout-start.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_WORKSPACES: z.string(),
  TABLE_ACCESS: z.string(),
  TABLE_POLICY: z.string(),
  MACHINE_WORKSPACE_ROLLOUT_ARN: z.string(),
});

const Word = z.strictObject({ action: z.enum(['pause', 'resume', 'abort']), reason: z.string().trim().min(1).max(500) });
const wishes = { pause: 'pause', resume: 'go', abort: 'abort' } as const;
const fresh = { 'cache-control': 'no-store' };

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'start-rollout': async (request, { env, caller }) => {
      const json = request.json();
      const start = readRolloutStart(json.ok ? json.value : undefined);
      if (!start.ok) return apiError(400, 'invalid_request_error', start.refusal, request.requestId);
      const open = await openOf(env.TABLE_WORKSPACES, start.value.template);
      const one = open && (await readRollout(env.TABLE_WORKSPACES, open));
      if (one) return { status: 200, headers: fresh, body: await show(env.TABLE_WORKSPACES, one) };
      const id = freshId('rol');
      const { execution_arn } = await startMachine(env.MACHINE_WORKSPACE_ROLLOUT_ARN, id, start.value);
      log.info('rollout asked for', { rollout: id, template: start.value.template, by: caller.person });
      return { status: 202, headers: fresh, body: { id, execution_arn } };
    },

    'list-rollouts': async (_request, { env }) => {
      const all = await rollouts(env.TABLE_WORKSPACES);
      return { status: 200, headers: fresh, body: { rollouts: await Promise.all(all.map((one) => show(env.TABLE_WORKSPACES, one))) } };
    },

    'steer-rollout': async (request, { env, caller }) => {
      const id = request.pathParameters.id ?? '';
      const json = request.json();
      const word = Word.safeParse(json.ok ? json.value : undefined);
      if (!word.success)
        return apiError(400, 'invalid_request_error', 'Write {"action": "pause", "reason": "..."}; or resume, or abort', request.requestId);
      const one = await readRollout(env.TABLE_WORKSPACES, id);
      if (!one) return apiError(404, 'not_found_error', `There is no rollout ${JSON.stringify(id)}`, request.requestId);
      const { action, reason } = word.data;
      if (!(await wish(env.TABLE_WORKSPACES, id, wishes[action], `${action}: ${reason}`)))
        return apiError(409, 'invalid_request_error', `Rollout ${id} is ${one.status} since ${one.closed_at}`, request.requestId);
      log.info('rollout steered', { rollout: id, action, by: caller.person });
      return { status: 200, headers: fresh, body: { id, action } };
    },
  },
);

async function show(table: string, { wish: _wish, version: _version, ...rollout }: Rollout): Promise<Record<string, unknown>> {
  const due = await dueOf(table, rollout.id);
  const parked = due.filter(({ state }) => state === 'parked').map(({ workspace, name, because }) => ({ workspace, name, because }));
  return { ...rollout, counts: { ...countsOf(due) }, parked };
}
