/** The steps that list every LiteLLM key and everything at Anthropic with its owner's names, and the one that blocks a key which belongs to nobody. They know nobody themselves. */
import { blockOrphan, type Holder, type Listed, listKeyHolders, listSeatHolders } from '@gatehouse/contracts/steps/orphans';
import { KeysConfig } from '@gatehouse/core/keys-profile';
import { json } from '@gatehouse/runtime/environment';
import { onStep } from '@gatehouse/runtime/step';
import * as z from 'zod';
import { keyPage as apiKeyPage, memberPage, setKeyStatus } from './anthropic.http.ts';
import { addressesOf, blockKey, keyInfo, keyPage, setMetadata } from './litellm.http.ts';
import { atAnthropic } from './scene.anthropic.ts';
import { mark } from './virtual-key.ts';

export const env = z.object({
  TABLE_KEYS: z.string(),
  CONFIG: json(KeysConfig),
  SECRET_LITELLM_KEY_ARN: z.string(),
  SECRET_ANTHROPIC_ADMIN_KEY_ARN: z.string(),
});
type Env = z.infer<typeof env>;

function litellmOf({ CONFIG, SECRET_LITELLM_KEY_ARN }: Env, actor: string) {
  return CONFIG.litellm && { url: CONFIG.litellm.url, keyArn: SECRET_LITELLM_KEY_ARN, actor: `gatehouse ${actor}` };
}

/** A key is known by its user's id and address; whoever only made it is not its owner. */
export const keys = onStep(listKeyHolders, env, async ({ cursor }, { env }): Promise<Listed> => {
  const litellm = litellmOf(env, 'orphans');
  if (!litellm) return { holders: [] };
  const page = Number(cursor ?? 1);
  const { keys: found, pages } = await keyPage(litellm, page);
  const addresses = await addressesOf(litellm, [...new Set(found.flatMap(({ userId }) => userId ?? []))]);
  const holders = found.map(({ token, userId, blocked }): Holder => {
    const address = userId === undefined ? undefined : addresses.get(userId);
    return {
      system: 'litellm',
      kind: 'virtual-key',
      ref: token,
      names: [userId, address].filter((name) => name !== undefined),
      live: !blocked,
    };
  });
  return { holders, ...(page < pages && { next: String(page + 1) }) };
});

/** First the members, then the keys: a key is named by its maker's id, which is a seat's own while they are a member. */
export const seats = onStep(listSeatHolders, env, async ({ cursor }, { env }): Promise<Listed> => {
  const listed = await atAnthropic(env, 'first', async (anthropic): Promise<Listed> => {
    const [what = 'members', from] = (cursor ?? 'members').split(' ');
    if (what === 'members') {
      const { rows, after } = await memberPage(anthropic, from);
      const holders = rows.map(({ id, email }): Holder => ({ system: 'anthropic', kind: 'seat', ref: id, names: [email], live: true }));
      return { holders, next: after === undefined ? 'keys' : `members ${after}` };
    }
    const { rows, after } = await apiKeyPage(anthropic, from);
    const holders = rows.map(({ id, status, maker }): Holder => {
      return { system: 'anthropic', kind: 'api-key', ref: id, names: maker === undefined ? [] : [maker], live: status === 'active' };
    });
    return { holders, ...(after !== undefined && { next: `keys ${after}` }) };
  });
  return listed ?? { holders: [] };
});

export const block = onStep(blockOrphan, env, async ({ orphan, kind, ref }, { env }) => {
  const gone = { outcome: 'gone' as const, message: 'It is not there any more' };
  if (kind === 'api-key') {
    const off = await atAnthropic(env, 'first', (anthropic) => setKeyStatus(anthropic, ref, 'inactive'));
    return off ? { outcome: 'blocked' as const, message: 'The API key is inactive' } : gone;
  }
  const litellm = litellmOf(env, orphan);
  const key = litellm && (await keyInfo(litellm, ref));
  if (!litellm || !key) return gone;
  // Marked first, so that whoever finds it blocked finds by whom.
  const marked = await setMetadata(litellm, ref, { ...key.metadata, [mark]: orphan });
  const blocked = marked && (await blockKey(litellm, ref));
  return blocked ? { outcome: 'blocked' as const, message: 'The virtual key is blocked; replicas follow within their cache' } : gone;
});
