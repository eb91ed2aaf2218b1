/** LiteLLM's two tables that matter here, users and virtual keys, in memory. A key itself is never kept, only its SHA-256. */
import { createHash, randomBytes } from 'node:crypto';

export interface KeyRecord {
  /** SHA-256 of the key in hex. */
  token: string;
  /** `sk-...` and the key's last four characters. */
  key_name: string;
  key_alias: string | null;
  user_id: string | null;
  team_id: string | null;
  models: string[];
  metadata: Record<string, unknown>;
  tags: string[];
  spend: number;
  max_budget: number | null;
  budget_duration: string | null;
  tpm_limit: number | null;
  rpm_limit: number | null;
  expires: string | null;
  blocked: boolean | null;
  created_at: string;
  created_by: string;
  updated_at: string;
  updated_by: string;
}

export interface UserRecord {
  user_id: string;
  user_email: string | null;
  user_alias: string | null;
  user_role: string | null;
  teams: string[];
  models: string[];
  metadata: Record<string, unknown>;
  spend: number;
  max_budget: number | null;
  created_at: string;
  updated_at: string;
}

export interface LitellmState {
  keys: KeyRecord[];
  users: UserRecord[];
}

export interface Records {
  /** By token. */
  keys: Map<string, KeyRecord>;
  users: Map<string, UserRecord>;
  state(): LitellmState;
}

export function createRecords(saved?: LitellmState): Records {
  const keys = new Map(saved?.keys.map((record) => [record.token, record]));
  const users = new Map(saved?.users.map((record) => [record.user_id, record]));
  return { keys, users, state: () => ({ keys: [...keys.values()], users: [...users.values()] }) };
}

export function newKey(): string {
  return `sk-${randomBytes(16).toString('base64url')}`;
}

/** What the management API takes as `key`: the key itself or its hash. */
export function tokenOf(keyOrHash: string): string {
  return keyOrHash.startsWith('sk-') ? createHash('sha256').update(keyOrHash).digest('hex') : keyOrHash;
}

export function abbreviated(key: string): string {
  return `sk-...${key.slice(-4)}`;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, mo: 2_592_000 };

/** `30s`, `30m`, `30h`, `30d`, `2w`, `1mo`; undefined for anything else. */
export function durationSeconds(duration: string): number | undefined {
  const [, count, unit] = /^(\d+)(mo|[smhdw])$/.exec(duration) ?? [];
  return count === undefined || unit === undefined ? undefined : Number(count) * (unitSeconds[unit] ?? 0);
}
