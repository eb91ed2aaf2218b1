/** What a Claude Console organization holds, in memory: members, invites, API keys. Keys are described, never kept. */
import { createHash, randomBytes } from 'node:crypto';

export interface Member {
  id: string;
  email: string;
  name: string;
  role: string;
  type: 'user';
  added_at: string;
}

export interface Invite {
  id: string;
  email: string;
  role: string;
  type: 'invite';
  status: 'pending' | 'accepted' | 'deleted';
  invited_at: string;
  accepted_at: string | null;
  expires_at: string;
  rbac_group_ids: string[];
}

export interface ApiKey {
  id: string;
  type: 'api_key';
  name: string;
  status: 'active' | 'inactive' | 'archived';
  created_at: string;
  created_by: { id: string; type: 'user' };
  expires_at: null;
  partial_key_hint: string;
  /** Bound to a person, the key goes with the person; unbound, it outlives whoever made it. */
  principal: { type: 'user_actor'; user_id: string } | null;
  scope: { type: 'workspace'; workspace_id: string };
}

export interface AnthropicState {
  members: Member[];
  invites: Invite[];
  keys: ApiKey[];
}

export type Prefix = 'user' | 'invite' | 'apikey' | 'wrkspc' | 'req' | 'msg' | 'toolu';

/** Tagged as the API tags its ids; the same at every start when named. */
export function taggedId(prefix: Prefix, name?: string): string {
  const bytes = name === undefined ? randomBytes(12) : createHash('sha256').update(`anthropic:${prefix}:${name}`).digest().subarray(0, 12);
  return `${prefix}_01${bytes.toString('hex')}`;
}

/** Each person is a member with a Claude Code key; the first has also made a key that is bound to nobody. An admin runs the organization. */
export function seeded(people: readonly { email: string; name: string }[], now: number): AnthropicState {
  const at = new Date(now).toISOString();
  const member = (email: string, name: string, role: string): Member => ({
    id: taggedId('user', email),
    email,
    name,
    role,
    type: 'user',
    added_at: at,
  });
  const key = (name: string, owner: Member, bound: boolean): ApiKey => ({
    id: taggedId('apikey', name),
    type: 'api_key',
    name,
    status: 'active',
    created_at: at,
    created_by: { id: owner.id, type: 'user' },
    expires_at: null,
    partial_key_hint: `sk-ant-api03-...${taggedId('apikey', name).slice(-4)}`,
    principal: bound ? { type: 'user_actor', user_id: owner.id } : null,
    scope: { type: 'workspace', workspace_id: taggedId('wrkspc', bound ? 'Claude Code' : 'ci') },
  });
  const members = people.map((person) => member(person.email, person.name, 'claude_code_user'));
  const keys = members.map((one) => key(`claude_code_key_${one.email}`, one, true));
  const first = members[0];
  if (first) keys.push(key('ci-pipeline', first, false));
  return { members: [...members, member('console-admin@example.com', 'Console Admin', 'admin')], invites: [], keys };
}
