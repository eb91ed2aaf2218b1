/**
 * Tries a shut person's own credentials on every surface, once: the very refresh token of each family, and an access token like the one each session
 * holds. The machine has it try again. It changes nothing, and it calls nothing probed that it could not try for twice the longest cache.
 */
import type { Gate } from '@gatehouse/contracts/records/gate';
import { probeSessions } from '@gatehouse/contracts/steps/sessions';
import type { StepOutput, Watch } from '@gatehouse/contracts/steps/step';
import { accessTokenSeconds } from '@gatehouse/core/access-token';
import { judge } from '@gatehouse/core/watch';
import { now, timestamp } from '@gatehouse/runtime/clock';
import { type Ask, ask } from '@gatehouse/runtime/outside';
import { secret } from '@gatehouse/runtime/secret';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { refreshToken } from './family.ts';
import { mint } from './mint.ts';
import { type Look, type Surface, verdictOf, worstOf } from './probe.ts';
import type { Family } from './rows.ts';
import { accountTarget, output, sessionTarget } from './session-target.ts';
import { familiesOf, readGate } from './sessions.dynamodb.ts';
import type { Signer } from './signer.ts';
import { currentSigner, ringEnv } from './signing-keys.dynamodb.ts';
import { grantTypes } from './token-request.ts';

export const env = z.object({
  TABLE_ACCESS: z.string(),
  PUBLIC_URL: z.string(),
  ...ringEnv,
  SECRET_REFRESH_PEPPER_ARN: z.string(),
});
type Environment = z.infer<typeof env>;

/** Polled surfaces read the log every 2 s; 5 s is what they promise: the longest cache of ours. */
const everySurfaceKnowsMs = 5_000;
const patience = { quietMs: 2 * everySurfaceKnowsMs, aliveMs: 60_000 };
/** After so long without any answer it is the probe that cannot reach the gateway, and the gate alone is looked at. */
const unreachableMs = 15_000;
/** More sessions than this are proven by the newest of them: one gate kills them all. */
const maxFamilies = 20;

export const probe = onStep(probeSessions, env, async (input, { env }) => {
  const gate = await readGate(env.TABLE_ACCESS, input.person);
  if (!gate) return output('nothing_to_do', [], 'This person has no gate: they have never signed in, and no case has shut them out.');
  if (gate.state === 'open')
    return output('needs_human', [accountTarget(input.person, gate, gate, timestamp())], 'The gate is open: shut it first.');
  const families = (await familiesOf(env.TABLE_ACCESS, input.person, gate, now())).slice(0, maxFamilies);
  if (input.dry_run) return output('done', [], `Would try the credentials of ${families.length} sessions on every surface.`);
  const leftMs = Date.parse(gate.changed_at) + everySurfaceKnowsMs - now();
  if (leftMs > 0) return { ...output('not_yet', [], 'Not every surface can know yet.'), wait_seconds: Math.ceil(leftMs / 1000) };
  if (families.length === 0)
    return observed(gate, 'No session of this person could still be refreshed; the gate was read again and is shut.');
  return lookAt(env, gate, families, input.watch);
});

async function lookAt(env: Environment, gate: Gate, families: readonly Family[], before: Watch | null | undefined): Promise<StepOutput> {
  const tools = { signer: await currentSigner(env, now()), pepper: await secret(env.SECRET_REFRESH_PEPPER_ARN) };
  // None was issued after the gate was shut: later than this the last one has run out, and surfaces need not know of it any more.
  const tokensMayLive = now() < Date.parse(gate.changed_at) + accessTokenSeconds * 1000;
  const looks = (await Promise.all(families.map((family) => tryAll(env, tools, family, tokensMayLive)))).flat();
  const verdicts = families.map(({ session }) => ({ session, verdict: worstOf(looks, session) }));
  const all = verdicts.map(({ verdict }) => verdict);
  const state = all.includes('alive') ? 'alive' : all.includes('unknown') ? 'unknown' : 'dead';
  const { watch, verdict, lastedMs, waitSeconds } = judge(before, { state, picture: JSON.stringify(looks) }, now(), patience);
  const at = timestamp();
  if (verdict === 'dead') {
    const surfaces = [...new Set(looks.filter((look) => look.verdict === 'dead').map(({ surface }) => surface))].join(', ');
    const targets = families.map(({ session: id }) => sessionTarget({ id }, 'ended', `refused by ${surfaces}`, at, 'probed'));
    const seconds = Math.round(lastedMs / 1000);
    return {
      ...output('done', targets, `${families.length} sessions: their own credentials were refused by ${surfaces}, for ${seconds} s.`),
      watch,
    };
  }
  if (looks.every((look) => look.verdict === 'unknown') && lastedMs >= unreachableMs)
    return observed(gate, 'The gateway could not be reached from here, so nothing was tried; the gate was read again and is shut.');
  const targets = verdicts.map(({ session: id, verdict }) => sessionTarget({ id }, 'ended', verdict, at));
  if (verdict === 'alive') return { ...output('needs_human', targets, 'A surface still lets this person in.'), watch };
  const message = state === 'dead' ? 'Refused by every surface, not yet for long enough.' : 'Not every surface has refused yet.';
  return { ...output('not_yet', targets, message), watch, wait_seconds: waitSeconds };
}

function observed(gate: Gate, message: string): StepOutput {
  return output('done', [accountTarget(gate.person, gate, gate, timestamp(), 'observed')], message);
}

async function tryAll(
  env: Environment,
  { signer, pepper }: { signer: Signer; pepper: string },
  family: Family,
  tokensMayLive: boolean,
): Promise<Look[]> {
  const origin = env.PUBLIC_URL;
  // As the session's own token but for its times: an expired one would be refused for the wrong reason.
  const { access_token } = await mint({ ...family, rotated_at: now() }, { signer, pepper, origin }, now());
  const bearer = { authorization: `Bearer ${access_token}` };
  const form = new URLSearchParams({ grant_type: grantTypes.refresh, refresh_token: refreshToken(pepper, family, family.step) });
  const requests: [Surface, string, Ask, scope?: string][] = [
    ['managed settings', '/managed/settings', { headers: bearer }, 'policy'],
    ['telemetry', '/v1/metrics', { method: 'POST', headers: bearer, json: { resourceMetrics: [] } }, 'otlp'],
    [
      'refresh',
      '/oauth/token',
      { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() },
    ],
  ];
  const mine = requests.filter(([, , , scope]) => scope === undefined || (tokensMayLive && family.scopes.includes(scope)));
  return Promise.all(
    // A surface outside the session's scope would refuse it for another reason.
    mine.map(async ([surface, path, request]): Promise<Look> => {
      const verdict = await tryOne(surface, `${origin}${path}`, request);
      return { session: family.session, surface, verdict };
    }),
  );
}

async function tryOne(surface: Surface, url: string, request: Ask): Promise<Look['verdict']> {
  try {
    const answer = await ask(url, { ...request, attempts: 1, timeoutMs: 3_000 });
    const gatewayError = answer.header('x-amzn-errortype');
    return verdictOf(surface, { status: answer.status, error: surface === 'refresh' ? errorOf(answer.text) : undefined, gatewayError });
  } catch {
    // Unreachable or overloaded says nothing about the credential.
    return 'unknown';
  }
}

function errorOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { error?: unknown } | null)?.error;
  } catch {
    return undefined;
  }
}
