/** What each vendor says when it claims to have done what a step asked, and has done nothing. By step; shapes as the vendors answer them. */

interface Lie {
  path: string;
  method: string;
  status: number;
  body: object;
}

const litellm = (path: string, body: object): Lie => ({ path: `/litellm${path}`, method: 'POST', status: 200, body });
const anthropic = (method: string, path: string, body: object): Lie => ({
  path: `/anthropic/v1/organizations${path}`,
  method,
  status: 200,
  body,
});
const coder = (method: string, path: string, status: number, body: object): Lie => ({ path: `/coder/api/v2${path}`, method, status, body });

const account = { id: '00000000-0000-4000-8000-00000000dead', username: 'nobody', email: 'nobody@example.com', status: 'active' };
const keyBlocked = litellm('/key/block', { blocked: true });
const keyDeleted = litellm('/key/delete', { deleted_keys: [] });
const userDeleted = litellm('/user/delete', {});
const seatTaken = [anthropic('DELETE', '/users', { type: 'user_deleted' }), anthropic('DELETE', '/invites', { type: 'invite_deleted' })];
const invited = anthropic('POST', '/invites', { id: 'invite_0', type: 'invite', status: 'pending' });
/** Suspend, activate: `PUT /users/{id}/status/...`. */
const turned = coder('PUT', '/users', 200, account);
const built = coder('POST', '/workspaces', 201, { id: account.id });
const accountDeleted = coder('DELETE', '/users', 200, {});

export const vendorLies: Readonly<Record<string, readonly Lie[]>> = {
  'block-virtual-keys': [keyBlocked],
  'unblock-virtual-keys': [litellm('/key/unblock', { blocked: false })],
  'purge-virtual-keys': [keyDeleted, userDeleted],
  'grant-virtual-keys': [litellm('/key/generate', { key: 'sk-nothing', token: 'nothing' })],
  'withdraw-virtual-keys': [keyDeleted],
  'block-workspaces': [turned, built],
  'unblock-workspaces': [turned],
  'purge-workspaces': [built, accountDeleted],
  'grant-workspaces': [coder('POST', '/organizations', 201, { id: account.id }), built],
  'withdraw-workspaces': [built, turned, accountDeleted],
  'block-seats': seatTaken,
  'unblock-seats': [invited],
  'purge-seats': seatTaken,
  'grant-seats': [invited],
  'withdraw-seats': seatTaken,
};
