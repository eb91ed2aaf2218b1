/** The company around a running stack, as a test plays it: HR, the admins' view, LiteLLM, Coder, and AWS without an SDK. Asserts nothing. */
import { seededAgentToken, seededWorkspaceId } from '../../packages/local/outside/coder/create-coder.ts';
import type { Person, Stack } from './stack.ts';

const jsonType = { 'content-type': 'application/json' };

export interface Offboarding {
  id: string;
  person: string;
  status: string;
  trigger: string;
  started_at: string;
  cut_at?: string;
  proven_at?: string;
  closed_at?: string;
  execution_arn: string;
  message?: string;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
}

export interface Company {
  /** The answer's body. @throws when the directory does not do it. */
  hr<T = { id: string; email: string }>(method: string, path: string, body?: unknown): Promise<T>;
  /** A fault of the whole directory API that readers use, until `directoryUp`. */
  directoryDown(): Promise<void>;
  directoryUp(): Promise<void>;
  idToken(login: string): Promise<string>;
  /** Signed in now: an access token ends after three hours of stack time, and tests move days. */
  admin(): Promise<Person>;
  /** Newest first. */
  cases(person: string): Promise<Offboarding[]>;
  /** Asks for the newest case until it is as wanted, the clock moving by ten seconds in between unless told. */
  caseOf(person: string, wanted: (one: Offboarding) => boolean, options?: { stepSeconds?: number; what?: string }): Promise<Offboarding>;
  /** LiteLLM's management, with its master key. */
  litellm<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>;
  /** A working virtual key of the person, already in the cache of every replica. @param alias of no other key. */
  virtualKey(email: string, alias?: string): Promise<string>;
  /** What the key gets on each replica's data plane. */
  tryKey(key: string): Promise<number[]>;
  /** Coder's management, with the service account's token. */
  coder<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>;
  /** What the token of the agent in the person's workspace gets, and what the task behind the workspace answers. */
  tryAgent(email: string): Promise<number[]>;
  /** A call of an AWS JSON service without an SDK. */
  aws<T>(service: string, operation: string, body: unknown): Promise<T>;
}

export const litellmMasterKey = 'sk-local-litellm-master';
export const coderServiceToken = 'local-coder-token';
const replicas = [1, 2];

export function companyOf(stack: Stack): Company {
  const { idp, outside } = stack;
  async function hr<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${idp}/directory${path}`, {
      method,
      headers: jsonType,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`The directory answered ${response.status} to ${method} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }
  const admin = () => stack.as('carol@example.com');
  async function cases(person: string): Promise<Offboarding[]> {
    return casesFor(await admin(), person);
  }
  async function caseOf(person: string, wanted: (one: Offboarding) => boolean, { stepSeconds = 10, what = 'the case' } = {}) {
    let carol = await admin();
    return stack.until(
      async () => {
        const found = await casesFor(carol, person).catch(() => undefined);
        if (!found) carol = await admin();
        return found?.find((one, index) => index === 0 && wanted(one));
      },
      { stepSeconds, timeoutMs: 60_000, what },
    );
  }
  async function litellm<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const response = await fetch(`${outside}/litellm${path}`, {
      method,
      headers: { ...jsonType, authorization: `Bearer ${litellmMasterKey}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }
  async function tryKey(key: string): Promise<number[]> {
    const answers = await Promise.all(
      replicas.map((replica) => fetch(`${outside}/litellm/replicas/${replica}/v1/models`, { headers: { authorization: `Bearer ${key}` } })),
    );
    return answers.map(({ status }) => status);
  }
  return {
    hr,
    directoryDown: async () => {
      const response = await fetch(`${idp}/_faults`, {
        method: 'POST',
        headers: jsonType,
        body: JSON.stringify({ path: '/api/v1', status: 503 }),
      });
      if (response.status !== 201) throw new Error(`The fault was not taken: ${await response.text()}`);
    },
    directoryUp: async () => void (await fetch(`${idp}/_faults`, { method: 'DELETE' })),
    idToken: async (login) => (await hr<{ id_token: string }>('POST', `/users/${login}/id-token`, {})).id_token,
    admin,
    cases,
    caseOf,
    litellm,
    virtualKey: async (email, alias = `laptop of ${email}`) => {
      const made = await litellm<{ key: string }>('POST', '/key/generate', { user_id: email, key_alias: alias });
      if (made.status !== 200) throw new Error(`LiteLLM made no key: ${JSON.stringify(made.body)}`);
      stack.remember(made.body.key);
      await tryKey(made.body.key);
      return made.body.key;
    },
    tryKey,
    coder: async <T>(method: string, path: string, body?: unknown) => {
      const response = await fetch(`${outside}/coder/api/v2${path}`, {
        method,
        headers: { ...jsonType, 'coder-session-token': coderServiceToken },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as T };
    },
    tryAgent: async (email) => {
      const headers = { 'coder-session-token': seededAgentToken(email) };
      const manifest = await fetch(`${outside}/coder/api/v2/workspaceagents/me/manifest`, { headers });
      const task = await fetch(`${outside}/coder/workloads/${seededWorkspaceId(email)}`);
      return [manifest.status, task.status];
    },
    aws: async <T>(service: string, operation: string, body: unknown) => {
      const response = await fetch(stack.aws, {
        method: 'POST',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${service}.${operation}` },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${operation} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as T;
    },
  };
}

async function casesFor(admin: Person, person: string): Promise<Offboarding[]> {
  const response = await admin.fetch(`/admin/offboardings?person=${encodeURIComponent(person)}`);
  if (response.status !== 200) throw new Error(`The list of offboardings answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { offboardings: Offboarding[] }).offboardings;
}
