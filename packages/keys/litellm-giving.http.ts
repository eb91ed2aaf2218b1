/** LiteLLM's management API, as far as giving somebody a key needs it. The alias makes a key one of a kind; the key itself is ours to choose. */
import { Unavailable } from '@gatehouse/runtime/fault';
import { ask } from '@gatehouse/runtime/outside';
import * as z from 'zod';
import { call, deleteKeys, expect, type LiteLLM, parse } from './litellm.http.ts';

const timeoutMs = 5_000;
const ModelList = z.object({ data: z.array(z.object({ id: z.string() })) });
const Generated = z.object({ token: z.string() });
const AliasPage = z.object({ keys: z.array(z.object({ token: z.string(), key_alias: z.string().nullish() })) });

/** The names that keys and callers write. */
export async function offeredModels(at: LiteLLM): Promise<string[]> {
  const listed = ModelList.safeParse(parse(expect(await call(at, '/v1/models'), 200)));
  if (!listed.success) throw new Unavailable(`LiteLLM answered a list of models that is not one: ${z.prettifyError(listed.error)}`);
  return listed.data.data.map(({ id }) => id);
}

/** @param userId ours. A user that is there already is answered with 4xx, or taken as new by older versions: both are fine. */
export async function makeUser(at: LiteLLM, user: { userId: string; email: string; name: string }): Promise<'made' | 'there'> {
  // Without auto_create_key false it makes a key that nobody asked for.
  const json = {
    user_id: user.userId,
    user_email: user.email,
    user_alias: user.name,
    user_role: 'internal_user',
    auto_create_key: false,
  };
  const answer = await call(at, '/user/new', { json });
  if (answer.status === 400 || answer.status === 409) return 'there';
  expect(answer, 200);
  return 'made';
}

export interface KeyWish {
  key: string;
  /** Of `key`. */
  token: string;
  alias: string;
  userId: string;
  caseId: string;
  /** Models and limits in LiteLLM's words. */
  limits: Readonly<Record<string, unknown>>;
}

/** Makes the key unless it is there. One that bears our alias and is another came of a try that was lost: it is deleted first. */
export async function makeKey(at: LiteLLM, { key, token, alias, userId, caseId, limits }: KeyWish): Promise<void> {
  const json = { key, key_alias: alias, user_id: userId, metadata: { gatehouse_given_by: caseId }, ...limits };
  const answer = await call(at, '/key/generate', { json });
  if (answer.status !== 400) return shown(Generated.safeParse(parse(expect(answer, 200))));
  const others = (await tokensOfAlias(at, alias)).filter((other) => other !== token);
  if (others.length > 0) await deleteKeys(at, others);
  if (others.length === 0 && (await tokensOfAlias(at, alias)).includes(token)) return;
  shown(Generated.safeParse(parse(expect(await call(at, '/key/generate', { json }), 200))));
}

export async function changeKey(at: LiteLLM, token: string, limits: Readonly<Record<string, unknown>>): Promise<void> {
  expect(await call(at, '/key/update', { json: { key: token, ...limits } }), 200);
}

/** What the key itself meets on one replica. */
export async function isTaken(replica: string, key: string): Promise<boolean> {
  const answer = await ask(`${replica.replace(/\/$/, '')}/v1/models`, { headers: { authorization: `Bearer ${key}` }, timeoutMs });
  return answer.status === 200;
}

async function tokensOfAlias(at: LiteLLM, alias: string): Promise<string[]> {
  const query = new URLSearchParams({ key_alias: alias, return_full_object: 'true', page: '1', size: '100' });
  const listed = AliasPage.safeParse(parse(expect(await call(at, `/key/list?${query}`), 200)));
  if (!listed.success) throw new Unavailable(`LiteLLM answered a list of keys that is not one: ${z.prettifyError(listed.error)}`);
  // The filter matches parts of aliases.
  return listed.data.keys.filter((row) => row.key_alias === alias).map(({ token }) => token);
}

function shown(read: z.ZodSafeParseResult<unknown>): void {
  if (!read.success) throw new Unavailable('LiteLLM made a key and answered something else than the key');
}
