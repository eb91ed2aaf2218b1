/** Other ways in which an identity provider speaks: pushes by SCIM, in the spelling of Entra ID, the logs of Auth0 and Google, and what no event tells of. */
import { type Chapter, expectJson, postJson, type Story } from './story.ts';

interface Known {
  id: string;
  status: string;
  groups: string[];
}

interface Orphan {
  kind: string;
  names: string[];
  reason: string;
}

export const chapter: Chapter = {
  title: 'The identity provider speaks',
  async tell(story) {
    const scim = await pusher(story);
    const email = 'pia@example.com';

    const id = await story.step('SCIM pushes Pia, and the group that she is in', async () => {
      const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
      const made = await expectJson<{ id: string }>(
        201,
        await scim('POST', 'Users', { schemas, userName: email, externalId: 'pia', displayName: 'Pia', active: true }),
      );
      const group = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'engineering', members: [{ value: made.id }] };
      await expectJson(201, await scim('POST', 'Groups', group));
      const pia = await story.until('her record', () => person(story, email, ({ groups }) => groups.includes('engineering')));
      return { result: made.id, said: `201 and 201; ${pia.id} is ${pia.status} in ${pia.groups.join(', ')}` };
    });
    await story.step('SCIM says {"op": "Replace", "path": "active", "value": "False"}', async () => {
      const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
      const patched = await scim('PATCH', `Users/${id}`, { schemas, Operations: [{ op: 'Replace', path: 'active', value: 'False' }] });
      if (patched.status !== 204) throw new Error(`SCIM answered ${patched.status}`);
      const pia = await story.until('her leaving', () => person(story, email, ({ status }) => status === 'left'));
      return { result: undefined, said: `204; she has ${pia.status}, and a case is open` };
    });
    for (const idp of ['auth0', 'google'])
      await story.step(
        `somebody joins and leaves in ${idp === 'google' ? 'Google Workspace' : 'Auth0'}, which tells by its own log`,
        async () => {
          const name = `nora.${idp}@example.com`;
          const made = await postJson(`${story.idp}/directory/users`, { email: name, groups: ['contractors'], idp });
          const { id } = await expectJson<{ id: string }>(201, made);
          const came = await story.until('her record', () => person(story, name, ({ status }) => status === 'active'), { stepSeconds: 60 });
          await fetch(`${story.idp}/directory/users/${encodeURIComponent(id)}`, { method: 'DELETE' });
          const gone = await story.until('her leaving', () => person(story, name, ({ status }) => status === 'left'), { stepSeconds: 60 });
          return { result: undefined, said: `${came.status}, then ${gone.status}` };
        },
      );
    await story.step('a leaver whom no event tells of: the sweep finds him', async () => {
      const users = `${story.idp}/directory/users`;
      const name = 'quentin@example.com';
      await expectJson(201, await postJson(`${users}`, { email: name, groups: ['contractors'] }));
      await story.until('his record', () => person(story, name, ({ status }) => status === 'active'));
      await expectJson(200, await fetch(`${users}/${name}?silent=1`, { method: 'DELETE' }));
      const gone = await story.until('his leaving', () => person(story, name, ({ status }) => status === 'left'), {
        stepSeconds: 300,
        timeoutMs: 60_000,
      });
      return { result: undefined, said: `${gone.status}, within a quarter of an hour of stack time` };
    });
    await story.step('a key that belongs to nobody (GET /admin/orphans)', async () => {
      const headers = { authorization: 'Bearer sk-local-litellm-master' };
      await expectJson(200, await postJson(`${story.outside}/litellm/key/generate`, { user_id: 'ghost@example.com' }, headers));
      const found = await story.until('the orphan', () => orphanOf(story, 'ghost@example.com'), { stepSeconds: 300, timeoutMs: 60_000 });
      return { result: undefined, said: `${found.kind} of ${found.names.join(', ')}: ${found.reason}, found within an hour` };
    });
  },
};

async function orphanOf(story: Story, name: string): Promise<Orphan | undefined> {
  const headers = { authorization: `Bearer ${story.kept.get('token carol@example.com') as string}` };
  const answer = await fetch(`${story.gateway}/admin/orphans`, { headers });
  // While the clock leaps a cold function may run out of its time.
  if (answer.status === 503) return undefined;
  const { orphans } = await expectJson<{ orphans: Orphan[] }>(200, answer);
  return orphans.find(({ names }) => names.includes(name));
}

async function person(story: Story, email: string, isSo: (known: Known) => boolean): Promise<Known | undefined> {
  const headers = { authorization: `Bearer ${story.kept.get('token carol@example.com') as string}` };
  const answer = await expectJson<{ people: Known[] }>(200, await fetch(`${story.gateway}/admin/people?email=${email}`, { headers }));
  return answer.people.find(isSo);
}

async function pusher(story: Story): Promise<(method: string, path: string, body: object) => Promise<Response>> {
  const answer = await fetch(story.aws, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
    body: JSON.stringify({ SecretId: 'gatehouse/local/people/scim-1' }),
  });
  const { SecretString: secret } = await expectJson<{ SecretString: string }>(200, answer);
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/scim+json' };
  return (method, path, body) => fetch(`${story.gateway}/scim/v2/${path}`, { method, headers, body: JSON.stringify(body) });
}
