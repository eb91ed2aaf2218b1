/** The steps over one person's LiteLLM keys: find, block, unblock, delete. None of them proves anything: the probe does. */
import { blockVirtualKeys, findVirtualKeys, purgeVirtualKeys, unblockVirtualKeys } from '@gatehouse/contracts/steps/virtual-keys';
import { now } from '@gatehouse/runtime/clock';
import { Throttled } from '@gatehouse/runtime/fault';
import { remember } from './blocked-key.dynamo.ts';
import { forgetSecrets } from './key-secret.dynamo.ts';
import { blockKey, deleteKeys, deleteUser, keyInfo, keysOf, setMetadata, unblockKey, usersOf } from './litellm.http.ts';
import { onKeys, type Scene, tell } from './scene.litellm.ts';
import { isOurBlock, mark, type Seen, stateOf, type VirtualKey } from './virtual-key.ts';

export { env } from './scene.litellm.ts';

/** Before the step's own end: what is done stays done, and the machine's retry goes on from there. */
const enoughMs = 45_000;

export const find = onKeys(findVirtualKeys, async (scene) => {
  const keys = await keysOf(scene.litellm, scene.names);
  const seen = [...keys.map((key) => untouched(key)), ...accounts(scene, 'there')];
  return tell(scene, seen.length > 0 ? 'done' : 'nothing_to_do', seen, `${keys.length} LiteLLM keys and ${scene.users.length} users found`);
});

export const block = onKeys(blockVirtualKeys, async (scene) => {
  const keys = await keysOf(scene.litellm, scene.names);
  if (scene.input.dry_run) return tell(scene, 'done', keys.map(untouched), `${keys.length} LiteLLM keys would be blocked`);
  const until = now() + enoughMs;
  const seen: Seen[] = [];
  for (const key of keys) {
    if (now() > until) throw new Throttled(`${seen.length} of ${keys.length} LiteLLM keys are blocked; the next try goes on`);
    seen.push(await blockOne(scene, key));
  }
  return tell(scene, seen.length > 0 ? 'done' : 'nothing_to_do', seen, `${seen.length} LiteLLM keys are blocked`);
});

/** Remembered, marked, then blocked: whatever breaks in between, the next run knows that the block is ours. */
async function blockOne({ litellm, table, input }: Scene, key: VirtualKey): Promise<Seen> {
  const before = stateOf(key);
  const seen = { kind: 'virtual-key' as const, id: key.token, before };
  await remember(table, input.case_id, key.token, now());
  if (key.blocked) return { ...seen, after: before };
  const marked = await setMetadata(litellm, key.token, { ...key.metadata, [mark]: input.case_id });
  const blocked = marked && (await blockKey(litellm, key.token));
  return { ...seen, after: blocked ? 'blocked' : 'gone' };
}

export const unblock = onKeys(unblockVirtualKeys, async (scene) => {
  const keys = (await keysOf(scene.litellm, scene.names)).filter(({ metadata }) => typeof metadata[mark] === 'string');
  if (scene.input.dry_run) return tell(scene, 'done', keys.map(untouched), `${keys.length} LiteLLM keys would be unblocked`);
  const until = now() + enoughMs;
  const seen: Seen[] = [];
  for (const key of keys) {
    if (now() > until) throw new Throttled(`${seen.length} of ${keys.length} LiteLLM keys are unblocked; the next try goes on`);
    seen.push(await unblockOne(scene, key));
  }
  return tell(scene, seen.length > 0 ? 'done' : 'nothing_to_do', seen, `${seen.length} LiteLLM keys that Gatehouse had blocked work again`);
});

/** The mark goes last: a run that breaks before knows the block as ours again. */
async function unblockOne({ litellm }: Scene, key: VirtualKey): Promise<Seen> {
  const seen = { kind: 'virtual-key' as const, id: key.token, before: stateOf(key) };
  const there = !isOurBlock(key) || (await unblockKey(litellm, key.token));
  // The answer to our own write is no proof.
  if (there && (await keyInfo(litellm, key.token))?.blocked)
    throw new Throttled('LiteLLM says that a key is unblocked, and still blocks it');
  const { [mark]: _ours, ...theirs } = key.metadata;
  const cleared = there && (await setMetadata(litellm, key.token, theirs));
  return { ...seen, after: cleared ? 'live' : 'gone' };
}

export const purge = onKeys(purgeVirtualKeys, async (scene) => {
  const { litellm, input } = scene;
  const keys = await keysOf(litellm, scene.names);
  const found = [...keys.map(untouched), ...accounts(scene, 'there')];
  if (input.dry_run) return tell(scene, 'done', found, `${keys.length} LiteLLM keys and ${scene.users.length} users would be deleted`);
  if (found.length === 0) return tell(scene, 'nothing_to_do', [], 'LiteLLM has neither keys nor a user of this person');
  for (let at = 0; at < keys.length; at += 20) {
    const slice = keys.slice(at, at + 20).map(({ token }) => token);
    for (const token of slice) await remember(scene.table, input.case_id, token, now());
    await deleteKeys(litellm, slice);
  }
  if ((await keysOf(litellm, scene.names)).length > 0)
    throw new Throttled('A LiteLLM key appeared while the others were deleted; the next try goes on');
  for (const user of scene.users) await deleteUser(litellm, user);
  const left = await usersOf(litellm, scene.names, scene.email);
  if (left.length > 0) throw new Throttled('LiteLLM still has the user; the next try goes on');
  await forgetSecrets(scene.table, input.person);
  return tell(
    scene,
    'done',
    found.map((one) => ({ ...one, after: 'deleted' })),
    `${keys.length} LiteLLM keys and ${scene.users.length} users are deleted`,
  );
});

function untouched(key: VirtualKey): Seen {
  return { kind: 'virtual-key', id: key.token, before: stateOf(key), after: stateOf(key) };
}

function accounts({ users }: Scene, state: string): Seen[] {
  return users.map((id) => ({ kind: 'account', id, before: state, after: state }));
}
