/** Watches one person's LiteLLM keys until every replica has called them dead for long enough. Changes nothing; what is live it reports. */
import { probeVirtualKeys } from '@gatehouse/contracts/steps/virtual-keys';
import { now, pause } from '@gatehouse/runtime/clock';
import { Misconfigured } from '@gatehouse/runtime/fault';
import { remembered } from './blocked-key.dynamo.ts';
import { keyInfo, keysOf, type LiteLLM } from './litellm.http.ts';
import { type Look, unwatched, verdict, watch } from './quiet.ts';
import { onKeys, type Scene, tell } from './scene.litellm.ts';
import type { Seen } from './virtual-key.ts';

export { env } from './scene.litellm.ts';

const lookEveryMs = 10_000;
/** A probe polls inside for at most this long, then answers `not_yet`. */
const watchMs = 240_000;

export const probe = onKeys(probeVirtualKeys, async (scene) => {
  const { litellm, quietMs, names, input, table } = scene;
  if (quietMs + lookEveryMs > watchMs)
    throw new Misconfigured(
      `cache_ttl_seconds of LiteLLM is ${quietMs / 2_000}: a probe can watch for at most ${watchMs / 2_000 - lookEveryMs / 2_000} s twice`,
    );
  const tokens = new Set(await remembered(table, input.case_id));
  const began = now();
  let seen = unwatched;
  for (;;) {
    for (const key of await keysOf(litellm, names)) tokens.add(key.token);
    if (tokens.size === 0) return tell(scene, 'nothing_to_do', [], 'LiteLLM has no key of this person');
    const looks = await lookAround(scene, tokens);
    seen = watch(seen, looks, now());
    const reached = verdict(seen, now(), quietMs);
    const minutes = `${quietMs / 1000} s on ${scene.replicas.length} replicas`;
    if (reached === 'dead')
      return tell(scene, 'done', proofs(looks, tokens, 'attested'), `${tokens.size} LiteLLM keys stayed blocked or gone for ${minutes}`);
    if (reached === 'alive')
      return tell(scene, 'needs_human', proofs(looks, tokens), 'LiteLLM still takes a key of this person: block it by hand');
    if (now() + lookEveryMs - began > watchMs) return tell(scene, 'not_yet', proofs(looks, tokens), `Not yet quiet for ${minutes}`);
    await pause(lookEveryMs);
  }
});

async function lookAround({ litellm, replicas }: Scene, tokens: Iterable<string>): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>();
  for (const token of tokens) for (const replica of replicas) looks.set(`${token} ${replica}`, await look(litellm, token, replica));
  return looks;
}

async function look(litellm: LiteLLM, token: string, replica: string): Promise<Look> {
  try {
    const key = await keyInfo(litellm, token, replica);
    if (!key) return { at: 'gone' };
    return key.blocked ? { at: 'blocked', spend: key.spend } : { at: 'live' };
  } catch (error) {
    if (error instanceof Error && (error.name === 'Unavailable' || error.name === 'Throttled')) return { at: 'unknown' };
    throw error;
  }
}

/** A key is no better than its worst replica. */
function proofs(looks: ReadonlyMap<string, Look>, tokens: Iterable<string>, grade?: 'attested'): Seen[] {
  const worst = ['live', 'unknown', 'blocked', 'gone'] as const;
  return [...tokens].map((token) => {
    const states = [...looks].filter(([name]) => name.startsWith(`${token} `)).map(([, { at }]) => at);
    const after = worst.find((state) => states.includes(state)) ?? 'unknown';
    return { kind: 'virtual-key', id: token, before: 'blocked', after, ...(grade && { grade }) };
  });
}
