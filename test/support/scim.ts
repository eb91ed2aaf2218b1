/** An identity provider that pushes people by SCIM into a running stack: its bearer secret, its calls. Asserts nothing. */
import { companyOf } from './company.ts';
import type { Stack } from './stack.ts';

const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are read by assertions, as a client would read them.
  body: any;
}

export interface Scim {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** A PATCH of these operations. */
  patch(path: string, ...operations: object[]): Promise<Answer>;
  /** Id of the user made. @throws when it was not. */
  addUser(userName: string, more?: object): Promise<string>;
  addGroup(displayName: string, members: readonly string[]): Promise<string>;
}

export async function scimOf(stack: Stack, secret: 'scim-1' | 'scim-2' = 'scim-1'): Promise<Scim> {
  const { aws } = companyOf(stack);
  const found = await aws<{ SecretString: string }>('secretsmanager', 'GetSecretValue', { SecretId: `gatehouse/local/people/${secret}` });
  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${stack.gateway}/scim/v2/${path}`, {
      method,
      headers: { authorization: `Bearer ${found.SecretString}`, 'content-type': 'application/scim+json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }
  async function add(path: string, body: object): Promise<string> {
    const made = await call('POST', path, body);
    if (made.status !== 201) throw new Error(`SCIM answered ${made.status} to ${JSON.stringify(body)}: ${JSON.stringify(made.body)}`);
    return String(made.body.id);
  }
  return {
    call,
    patch: (path, ...Operations) => call('PATCH', path, { schemas: [patchSchema], Operations }),
    addUser: (userName, more = {}) => {
      const [given = userName] = userName.split('@');
      const name = { givenName: given, familyName: 'Pushed' };
      const emails = [{ value: userName, type: 'work', primary: true }];
      return add('Users', { schemas: [userSchema], userName, externalId: `ext-${userName}`, name, emails, active: true, ...more });
    },
    addGroup: (displayName, members) =>
      add('Groups', { schemas: [groupSchema], displayName, members: members.map((value) => ({ value })) }),
  };
}
