/** A joiner: the directory tells of her, and she has a seat, a key and a workspace, each seen working, without anybody doing anything. */
import { uuidOf } from '../outside/coder/state.ts';
import { type Chapter, expectJson, postJson, type Story } from './story.ts';

interface Onboarding {
  status: string;
  message?: string;
  welcome?: string;
}

const nina = 'nina@example.com';

export const chapter: Chapter = {
  title: 'Nina joins',
  async tell(story) {
    const admin = story.kept.get('token carol@example.com') as string;
    const began = performance.now();
    await story.step('HR adds her to engineering; Okta tells the partner bus', async () => {
      await expectJson(201, await postJson(`${story.idp}/directory/users`, { email: nina, name: 'Nina Novak', groups: ['engineering'] }));
      return { result: undefined, said: 'user.lifecycle.create' };
    });
    const done = await story.step('the onboarding machine gives what her policy entitles her to', async () => {
      const found = await story.until('the end of her onboarding', () => onboarding(story, admin), { stepSeconds: 5, timeoutMs: 60_000 });
      const people = await fetch(`${story.gateway}/admin/people?email=${nina}`, { headers: { authorization: `Bearer ${admin}` } });
      const [her] = (await expectJson<{ people: { grants: { kind: string; state: string }[] }[] }>(200, people)).people;
      const held = her?.grants.filter(({ state }) => state === 'given').map(({ kind }) => kind) ?? [];
      if (held.length !== 3) throw new Error(`she was given ${held.join(', ')}`);
      return {
        result: found,
        said: `${held.join(', ')}; ${((performance.now() - began) / 1000).toFixed(1)} s of real time after the event`,
      };
    });
    await story.step('the LiteLLM key in her workspace, tried on every replica', async () => {
      const key = await keyInWorkspace(story);
      const answers = [];
      for (const replica of [1, 2])
        answers.push(
          (await fetch(`${story.outside}/litellm/replicas/${replica}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status,
        );
      if (!answers.every((status) => status === 200)) throw new Error(`answered ${answers.join(' and ')}`);
      return { result: undefined, said: '200 and 200; no execution, log or event has it' };
    });
    story.note(`  ${done.welcome?.split('\n')[0]} ...`);
  },
};

async function onboarding(story: Story, admin: string): Promise<Onboarding | undefined> {
  const response = await fetch(`${story.gateway}/admin/onboardings?person=${nina}`, { headers: { authorization: `Bearer ${admin}` } });
  // She is known once the directory's event has been heard.
  if (response.status === 404 || response.status === 503 || response.status === 429) return undefined;
  const [found] = (await expectJson<{ onboardings: Onboarding[] }>(200, response)).onboardings;
  if (found?.status === 'needs_human' || found?.status === 'cancelled') throw new Error(`it ended ${found.status}: ${found.message}`);
  return found?.status === 'done' ? found : undefined;
}

/** As the agent in the workspace's task reads it. */
async function keyInWorkspace(story: Story): Promise<string> {
  const headers = { 'coder-session-token': 'local-coder-token' };
  const owned = await fetch(`${story.outside}/coder/api/v2/workspaces?q=owner:nina`, { headers });
  const { workspaces } = await expectJson<{ workspaces: { latest_build: { id: string } }[] }>(200, owned);
  const agent = { 'coder-session-token': uuidOf(`agent-token:${workspaces[0]?.latest_build.id}`) };
  const manifest = await fetch(`${story.outside}/coder/api/v2/workspaceagents/me/manifest`, { headers: agent });
  const { environment_variables: variables } = await expectJson<{ environment_variables: Record<string, string> }>(200, manifest);
  return variables.LITELLM_API_KEY ?? '';
}
