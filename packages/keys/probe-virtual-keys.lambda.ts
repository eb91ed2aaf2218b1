/** Looks once at one person's LiteLLM keys on every replica, and says whether all have been dead for long enough. Changes nothing; what is live it reports. */
import { probeVirtualKeys } from '@gatehouse/contracts/steps/virtual-keys';
import { judge } from '@gatehouse/core/watch';
import { now } from '@gatehouse/runtime/clock';
import { remembered } from './blocked-key.dynamo.ts';
import { keyInfo, keysOf, type LiteLLM } from './litellm.http.ts';
import { type Look, sightOf } from './quiet.ts';
import { onKeys, type Scene, tell } from './scene.litellm.ts';
import type { Seen } from './virtual-key.ts';

export { env } from './scene.litellm.ts';

export const probe = onKeys(probeVirtualKeys, async (scene) => {
  const { litellm, quietMs, names, input, table } = scene;
  const listed = (await keysOf(litellm, names)).map(({ token }) => token);
  const tokens = [...new Set([...(await remembered(table, input.case_id)), ...listed])].sort();
  if (tokens.length === 0) return tell(scene, 'nothing_to_do', [], 'LiteLLM has no key of this person');
  const looks = await lookAround(scene, tokens);
  const { verdict, watch, waitSeconds } = judge(input.watch, sightOf(looks), now(), { quietMs, aliveMs: quietMs });
  const asLong = `${quietMs / 1000} s on ${scene.replicas.length} replicas`;
  switch (verdict) {
    case 'dead':
      return {
        ...tell(scene, 'done', proofs(looks, tokens, 'attested'), `${tokens.length} LiteLLM keys stayed blocked or gone for ${asLong}`),
        watch,
      };
    case 'alive':
      return { ...tell(scene, 'needs_human', proofs(looks, tokens), 'LiteLLM still takes a key of this person: block it by hand'), watch };
    case 'watching':
      return { ...tell(scene, 'not_yet', proofs(looks, tokens), `Not yet quiet for ${asLong}`), watch, wait_seconds: waitSeconds };
  }
});

/** A replica that is away for one key is not asked for the others: this look is unknown as it is, and must end in time. */
async function lookAround({ litellm, replicas }: Scene, tokens: readonly string[]): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>();
  for (const replica of replicas) {
    let away = false;
    for (const token of tokens) {
      const seen: Look = away ? { at: 'unknown' } : await look(litellm, token, replica);
      away = seen.at === 'unknown';
      looks.set(`${token} ${replica}`, seen);
    }
  }
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
function proofs(looks: ReadonlyMap<string, Look>, tokens: readonly string[], grade?: 'attested'): Seen[] {
  const worst = ['live', 'unknown', 'blocked', 'gone'] as const;
  return tokens.map((token) => {
    const states = [...looks].filter(([name]) => name.startsWith(`${token} `)).map(([, { at }]) => at);
    const after = worst.find((state) => states.includes(state)) ?? 'unknown';
    return { kind: 'virtual-key', id: token, before: 'blocked', after, ...(grade && { grade }) };
  });
}
