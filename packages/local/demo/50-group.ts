/** Nobody was deactivated: Dave only loses the last group that entitled him, and that is enough. */
import { type Chapter, expectJson } from './story.ts';

const dave = 'dave@example.com';

export const chapter: Chapter = {
  title: 'Dave loses his last entitling group',
  async tell(story) {
    const tokens = await story.step('he is signed in', async () => {
      const response = await fetch(`${story.gateway}/auth/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: story.kept.get(`refresh ${dave}`) }),
      });
      const refreshed = await expectJson<{ access_token: string; refresh_token: string }>(200, response);
      const settings = await fetch(`${story.gateway}/managed/settings`, { headers: { authorization: `Bearer ${refreshed.access_token}` } });
      if (settings.status !== 200) throw new Error(`managed settings answered ${settings.status}`);
      return { result: refreshed, said: '200 on /managed/settings' };
    });
    const began = performance.now();
    await story.step('the directory takes him out of engineering', async () => {
      const { id } = await expectJson<{ id: string }>(200, await fetch(`${story.idp}/directory/users/${dave}`));
      const response = await fetch(`${story.idp}/directory/groups/engineering/members/${id}`, { method: 'DELETE' });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      return { result: undefined, said: 'group.user_membership.remove' };
    });
    await story.step('his sessions', async () => {
      const headers = { authorization: `Bearer ${tokens.access_token}` };
      await story.until('the refusal of his session', async () => {
        const { status } = await fetch(`${story.gateway}/managed/settings`, { headers });
        return status === 401 || status === 403 ? true : undefined;
      });
      const ms = performance.now() - began;
      const refresh = await fetch(`${story.gateway}/auth/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: tokens.refresh_token }),
      });
      if (refresh.ok) throw new Error('his refresh token still works');
      return { result: undefined, said: `refused after ${ms.toFixed(0)} ms, refresh ${refresh.status}` };
    });
    await story.step('the offboarding machine', async () => {
      const admin = await fetch(`${story.gateway}/auth/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: story.kept.get('refresh carol@example.com') }),
      });
      const { access_token } = await expectJson<{ access_token: string }>(200, admin);
      const headers = { authorization: `Bearer ${access_token}` };
      const found = await story.until('his case', async () => {
        const response = await fetch(`${story.gateway}/admin/offboardings?person=${dave}`, { headers });
        const { offboardings } = await expectJson<{ offboardings: { status: string; trigger: string; cut_at?: string }[] }>(200, response);
        return offboardings.find((one) => one.cut_at !== undefined && one.cut_at !== null);
      });
      if (found.trigger !== 'entitlement') throw new Error(`its trigger is ${found.trigger}`);
      return { result: undefined, said: `${found.status}, started by the loss of entitlement` };
    });
  },
};
