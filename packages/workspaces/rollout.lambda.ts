/** The steps of a rollout: open it, tell the owners, move it on, close it. Each looks at Coder afresh; nothing is deleted. */
import { Alias, alias } from '@gatehouse/contracts/records/alias';
import { advanceRollout, closeRollout, openRollout, tellOwners } from '@gatehouse/contracts/steps/rollout';
import { WorkspacesConfig } from '@gatehouse/core/workspaces-profile';
import { workspaceDue } from '@gatehouse/events/workspace-due';
import { timestamp } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { InvalidRequest, Misconfigured, Throttled } from '@gatehouse/runtime/fault';
import { measure } from '@gatehouse/runtime/metric';
import { publish } from '@gatehouse/runtime/publish';
import { onStep } from '@gatehouse/runtime/step';
import { query, transact } from '@gatehouse/runtime/table';
import * as z from 'zod';
import type { Coder } from './coder.http.ts';
import { activeVersion, addressOf, buildFrom, shownOf, updateAtStart, workspacesFrom } from './coder-rollout.http.ts';
import { begin, dueOf, end, openOf, readRollout, wish, writeDue } from './rollout.dynamo.ts';
import { countsOf, type Due, isFailing, type Move, moveOf, type Rollout } from './rollout.ts';
import { example, readRolloutStart } from './rollout-start.ts';
import { atCoder } from './scene.coder.ts';

export const env = z.object({
  TABLE_WORKSPACES: z.string(),
  TABLE_PEOPLE: z.string(),
  CONFIG: json(WorkspacesConfig),
  SECRET_CODER_TOKEN_ARN: z.string(),
});
type Env = z.infer<typeof env>;

const dayMs = 86_400_000;
const buildingSeconds = 10;
const pausedSeconds = 900;
const longestWaitSeconds = 1_800;

/** A rollout comes alone, and few of its calls are of the same path: they come before those that are booked. */
async function withCoder<T>(env: Env, run: (coder: Coder) => Promise<T>): Promise<T> {
  const answer = await atCoder(env, 'first', run);
  if (answer === undefined) throw new Misconfigured('This company uses no Coder (profile: workspaces.coder)');
  return answer;
}

async function known(table: string, id: string): Promise<Rollout> {
  const rollout = await readRollout(table, id);
  if (!rollout) throw new Misconfigured(`Rollout ${id} does not exist`);
  return rollout;
}

export const open = onStep(
  openRollout,
  env,
  async ({ input, execution_arn }, { env, now }): Promise<z.infer<typeof openRollout.output>> => {
    const table = env.TABLE_WORKSPACES;
    const start = readRolloutStart(input);
    if (!start.ok) throw new InvalidRequest(start.refusal);
    const { template, reason, ticket, deadline_days, wave, dry_run } = start.value;
    return withCoder(env, async (coder) => {
      const version = await activeVersion(coder, template);
      if (!version) throw new InvalidRequest(`Coder has no template ${JSON.stringify(template)}. Write the name of one, e.g. ${example}.`);
      const id = execution_arn.slice(execution_arn.lastIndexOf(':') + 1);
      const stale = [...(await workspacesFrom(coder, template)).values()].filter(({ outdated }) => outdated);
      const all: Due[] = stale.map((row) => ({ workspace: row.id, name: row.name, owner: row.owner_id, state: 'stale' }));
      const deadline_at = timestamp(now + deadline_days * dayMs);
      const message = `${stale.length} workspaces are not built from the active version of ${template}`;
      if (dry_run) return { outcome: 'planned', rollout: id, deadline_at, counts: countsOf(all), message };
      const rollout: Rollout = {
        ...{ id, template, version, status: 'open', wish: 'go', reason, wave, started_at: timestamp(now), deadline_at, execution_arn },
        ...(ticket !== undefined && { ticket }),
      };
      const mine = (await begin(table, rollout)) ? rollout : await readRollout(table, id);
      if (!mine) {
        const other = await openOf(table, template);
        if (!other) throw new Throttled('Another rollout of this template closed while this one opened; the next try goes on');
        return {
          outcome: 'already_open',
          rollout: other,
          deadline_at,
          counts: countsOf(all),
          message: `${other} is open for this template`,
        };
      }
      for (const due of all) await writeDue(table, id, due);
      return { outcome: 'opened', rollout: id, deadline_at: mine.deadline_at, counts: countsOf(all), message };
    });
  },
);

export const tell = onStep(tellOwners, env, async ({ rollout: id }, { env }) => {
  const table = env.TABLE_WORKSPACES;
  const { template, deadline_at } = await known(table, id);
  return withCoder(env, async (coder) => {
    let told = 0;
    for (const { owner, name } of await dueOf(table, id)) {
      const email = await addressOf(coder, owner);
      const aliases = email ? await query(env.TABLE_PEOPLE, alias.key(email.toLowerCase(), '').pk) : [];
      // An address that is nobody's, or several people's, names no person.
      const [only] = aliases.length === 1 ? aliases : [];
      if (!only) continue;
      await transact([
        publish(table, workspaceDue, { person: Alias.parse(only).person, rollout: id, workspace: name, template, deadline_at }),
      ]);
      told++;
    }
    return { told, message: `${told} owners are told` };
  });
});

export const advance = onStep(
  advanceRollout,
  env,
  async ({ rollout: id }, { env, now }): Promise<z.infer<typeof advanceRollout.output>> => {
    const table = env.TABLE_WORKSPACES;
    const rollout = await known(table, id);
    return withCoder(env, async (coder) => {
      const [all, there] = await Promise.all([dueOf(table, id), workspacesFrom(coder, rollout.template)]);
      const leftMs = Date.parse(rollout.deadline_at) - now;
      const forced = leftMs <= 0 && rollout.wish === 'go';
      const states: Due[] = [];
      let working = countsOf(all).working;
      for (const due of all) {
        const row = there.get(due.workspace);
        const move = moveOf(due, row && shownOf(row, rollout.version), forced && working < rollout.wave);
        if (due.state === 'stale' && (move.state === 'stopping' || move.state === 'starting')) working++;
        const next = await make(coder, rollout, due, move);
        if (next.state !== due.state) await writeDue(table, id, next);
        states.push(next);
      }
      const counts = countsOf(states);
      const message = `${counts.updated} of ${states.length} updated, ${counts.working} being built, ${counts.stale} to come, ${counts.parked} parked`;
      const answer = (outcome: z.infer<typeof advanceRollout.output>['outcome'], wait_seconds: number) => ({
        outcome,
        counts,
        wait_seconds,
        message,
      });
      measure(
        [
          {
            dimensions: {},
            values: { WorkspacesStale: { unit: 'Count', value: counts.stale + counts.working } },
            properties: { rollout: id },
          },
        ],
        now,
      );
      // What is under way is seen to its end, whatever was asked meanwhile.
      if (counts.working > 0) return answer('working', buildingSeconds);
      if (rollout.wish === 'abort') return answer('aborted', 1);
      if (counts.stale === 0) return answer('done', 1);
      if (rollout.wish === 'pause') return answer('paused', pausedSeconds);
      if (forced && isFailing(counts)) {
        await wish(table, id, 'pause', `Paused by itself: ${message}. Look at the parked ones, mend the template, then resume or abort.`);
        return answer('paused', pausedSeconds);
      }
      return leftMs > 0
        ? answer('waiting', Math.max(1, Math.min(longestWaitSeconds, Math.ceil(leftMs / 1000))))
        : answer('working', buildingSeconds);
    });
  },
);

async function make(coder: Coder, { version }: Rollout, due: Due, { act, state, because }: Move): Promise<Due> {
  const next: Due = { ...due, state, ...(because !== undefined && { because }) };
  switch (act) {
    case 'none':
      return next;
    case 'start-later':
      await updateAtStart(coder, due.workspace);
      return next;
    case 'stop':
    case 'start': {
      const asked = await buildFrom(coder, due.workspace, act, act === 'start' ? version : undefined);
      // Somebody else's build is under way: the next look sees what came of it.
      return asked === 'queued' ? next : due;
    }
  }
}

export const close = onStep(closeRollout, env, async ({ rollout: id, status, message }, { env, now }) => {
  const rollout = await known(env.TABLE_WORKSPACES, id);
  const closed = await end(env.TABLE_WORKSPACES, rollout, { status, message, at: timestamp(now) });
  if (!closed) return { status: rollout.status, message: rollout.message ?? message };
  if (status === 'needs_human')
    measure([{ dimensions: {}, values: { RolloutsStuck: { unit: 'Count', value: 1 } }, properties: { rollout: id } }], now);
  return { status, message };
});
