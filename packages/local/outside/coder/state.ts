/** What a Coder deployment remembers, in memory: users, tokens, workspaces and their builds. A token's secret is kept as a hash only. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Build } from './builds.ts';

export interface User {
  id: string;
  username: string;
  email: string;
  name: string;
  status: 'active' | 'dormant' | 'suspended';
  roles: string[];
  loginType: string;
  deleted: boolean;
  createdAt: number;
  updatedAt: number;
}

export interface Token {
  /** Ten characters, the part before the dash. */
  id: string;
  userId: string;
  name: string;
  secretHash: string;
  createdAt: number;
  expiresAt: number;
}

export interface Workspace {
  id: string;
  ownerId: string;
  name: string;
  templateId: string;
  createdAt: number;
  /** Whether a start takes the template's active version by itself. */
  updatesAtStart?: boolean;
  /** Oldest first. */
  buildIds: string[];
}

export interface Secret {
  id: string;
  userId: string;
  name: string;
  value: string;
  /** The environment variable that tasks of the user have it in; empty: none. */
  variable: string;
}

export interface CoderState {
  /** Of the one template; the seeded one unless another was made active. */
  activeVersion?: string | undefined;
  secrets: Secret[];
  users: User[];
  tokens: Token[];
  workspaces: Workspace[];
  builds: Build[];
}

export interface Store {
  activeVersion: string;
  /** By `<user id>/<name>`. */
  secrets: Map<string, Secret>;
  users: Map<string, User>;
  tokens: Map<string, Token>;
  workspaces: Map<string, Workspace>;
  builds: Map<string, Build>;
  state(): CoderState;
}

export function createStore(saved?: CoderState): Store {
  const byId = <Item extends { id: string }>(items: readonly Item[] = []) => new Map(items.map((item) => [item.id, item]));
  const [users, tokens, workspaces, builds] = [byId(saved?.users), byId(saved?.tokens), byId(saved?.workspaces), byId(saved?.builds)];
  const secrets = new Map((saved?.secrets ?? []).map((secret) => [`${secret.userId}/${secret.name}`, secret]));
  const store: Store = {
    activeVersion: saved?.activeVersion ?? templateVersionId,
    secrets,
    users,
    tokens,
    workspaces,
    builds,
    state: () => ({
      activeVersion: store.activeVersion,
      secrets: [...secrets.values()],
      users: [...users.values()],
      tokens: [...tokens.values()],
      workspaces: [...workspaces.values()],
      builds: [...builds.values()],
    }),
  };
  return store;
}

export const organizationId = uuidOf('organization');
export const templateId = uuidOf('template');
export const templateVersionId = uuidOf('template-version');

/** A UUID that is the same for the same name at every start; random without one. */
export function uuidOf(name?: string): string {
  if (name === undefined) return randomUUID();
  const hex = createHash('sha256').update(`coder:${name}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** `<id>-<secret>`, as Coder writes session tokens; the same at every start when named. */
export function sessionToken(name?: string): { token: string; id: string; secret: string } {
  const bytes = name === undefined ? randomBytes(32) : createHash('sha256').update(`coder-session:${name}`).digest();
  const letters = bytes.toString('hex');
  const [id, secret] = [letters.slice(0, 10), letters.slice(10, 32)];
  return { token: `${id}-${secret}`, id, secret };
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** The token that the agent of one build's task carries in its environment; a new one with every start. */
export function agentTokenOf(buildId: string): string {
  return uuidOf(`agent-token:${buildId}`);
}

export function buildsOf(store: Store, workspace: Workspace): Build[] {
  return workspace.buildIds.flatMap((id) => store.builds.get(id) ?? []);
}

export function workspacesOf(store: Store, userId: string): Workspace[] {
  return [...store.workspaces.values()].filter((workspace) => workspace.ownerId === userId);
}
