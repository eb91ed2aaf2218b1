/** A leaver: the directory says so, and within seconds nothing of theirs works; then the proof, the grace period, and the deletion. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Chapter, expectJson, postJson, type Story } from './story.ts';

interface Offboarding {
  id: string;
  status: string;
  started_at: string;
  cut_at?: string;
  proven_at?: string;
  message?: string;
}

const alice = 'alice@example.com';

export const chapter: Chapter = {
  title: 'Alice leaves',
  async tell(story) {
    const token = story.kept.get(`token ${alice}`) as string;
    const refresh = story.kept.get(`refresh ${alice}`) as string;
    const admin = story.kept.get('token carol@example.com') as string;
    const key = await makeKey(story);
    const began = await deactivate(story);

    await story.step('her access token, on policy and telemetry', async () => {
      await story.until('the refusal of her policy call', () => refused(`${story.gateway}/managed/settings`, { headers: bearer(token) }));
      const policyMs = performance.now() - began;
      const otlp = { method: 'POST', body: '{}', headers: { ...bearer(token), 'content-type': 'application/json' } };
      await story.until('the refusal of her telemetry', () => refused(`${story.gateway}/v1/metrics`, otlp));
      const telemetryMs = performance.now() - began;
      story.conclude(`From the directory's event to refused (real time): policy ${ms(policyMs)}, telemetry ${ms(telemetryMs)}.`);
      return { result: undefined, said: `401 on policy after ${ms(policyMs)}, on telemetry after ${ms(telemetryMs)}` };
    });
    await story.step('her refresh token', async () => {
      const response = await postJson(`${story.gateway}/auth/refresh`, { refresh_token: refresh });
      const { error } = (await response.json()) as { error: string };
      if (response.ok) throw new Error('it still works');
      return { result: undefined, said: `${response.status} ${error}, ${ms(performance.now() - began)} after the event` };
    });
    const cut = await story.step('the offboarding machine cuts everything else', async () => {
      const found = await story.until('the cut', () => offboarding(story, admin, (one) => one.cut_at !== undefined));
      const seconds = (Date.parse(found.cut_at ?? '') - Date.parse(found.started_at)) / 1000;
      return {
        result: found,
        said: `sessions, LiteLLM keys and Coder workspaces, ${seconds.toFixed(1)} s of stack time after the case opened`,
      };
    });
    await story.step('probe until dead, for twice the longest cache (stack time moves on)', async () => {
      const found = await story.until('the proof', () => offboarding(story, admin, (one) => one.proven_at !== undefined), {
        stepSeconds: 10,
        timeoutMs: 60_000,
      });
      const seconds = (Date.parse(found.proven_at ?? '') - Date.parse(found.started_at)) / 1000;
      story.conclude(
        `From the event to proven dead: ${seconds.toFixed(0)} s of stack time, of which two minutes watch LiteLLM's caches; ${ms(performance.now() - began)} of real time.`,
      );
      return {
        result: undefined,
        said: `proven ${seconds.toFixed(0)} s of stack time after the case opened, ${ms(performance.now() - began)} of real time after the event`,
      };
    });
    await story.step('her LiteLLM key, tried on every replica', async () => {
      const answers = [];
      for (const replica of [1, 2])
        answers.push((await fetch(`${story.outside}/litellm/replicas/${replica}/v1/models`, { headers: bearer(key) })).status);
      if (!answers.every((status) => status === 401)) throw new Error(`answered ${answers.join(' and ')}`);
      return { result: undefined, said: '401 and 401' };
    });
    let later = admin;
    await story.step(
      'seven days pass; her home is backed up; the directory is asked again; keys, workspaces and home are deleted',
      async () => {
        await story.advance(7 * 86_400 + 60);
        later = await signInAgain(story);
        await story.until('the end of the case', () => offboarding(story, later, (one) => one.status === 'done'), {
          stepSeconds: 15,
          timeoutMs: 60_000,
        });
        return { result: undefined, said: 'case done' };
      },
    );
    await story.step('the evidence packet', async () => {
      const packet = await expectJson<unknown>(
        200,
        await fetch(`${story.gateway}/admin/offboardings/${cut.id}/evidence`, { headers: bearer(later) }),
      );
      const verdict = await verify(packet);
      const kept = /"recovery_point":"(arn:[^"]+)"/.exec(JSON.stringify(packet))?.[1];
      if (kept === undefined) throw new Error('it names no recovery point of her home');
      story.conclude(`Her home is in ${kept}, and gone from EFS.`);
      return { result: undefined, said: verdict };
    });
  },
};

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** Carol's access token lived for three hours; her refresh token lives for thirty days. */
async function signInAgain(story: Story): Promise<string> {
  const response = await postJson(`${story.gateway}/auth/refresh`, { refresh_token: story.kept.get('refresh carol@example.com') });
  const { access_token, refresh_token } = await expectJson<{ access_token: string; refresh_token: string }>(200, response);
  story.kept.set('refresh carol@example.com', refresh_token);
  return access_token;
}

async function makeKey(story: Story): Promise<string> {
  return story.step('a LiteLLM key of hers works on both replicas', async () => {
    const made = await postJson(
      `${story.outside}/litellm/key/generate`,
      { user_id: alice, key_alias: 'alice-laptop' },
      bearer('sk-local-litellm-master'),
    );
    const { key } = await expectJson<{ key: string }>(200, made);
    for (const replica of [1, 2]) {
      const answer = await fetch(`${story.outside}/litellm/replicas/${replica}/v1/models`, { headers: bearer(key) });
      if (answer.status !== 200) throw new Error(`replica ${replica} answered ${answer.status}`);
    }
    return { result: key, said: '200 and 200' };
  });
}

async function deactivate(story: Story): Promise<number> {
  return story.step('HR deactivates her; Okta tells the partner bus', async () => {
    const began = performance.now();
    const response = await fetch(`${story.idp}/directory/users/${alice}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ active: false }),
    });
    await expectJson(200, response);
    return { result: began, said: 'user.lifecycle.deactivate' };
  });
}

/** 401 on a call that worked before; undefined while it still does. */
async function refused(url: string, init: RequestInit): Promise<true | undefined> {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  return response.status === 401 ? true : undefined;
}

async function offboarding(story: Story, admin: string, wanted: (one: Offboarding) => boolean): Promise<Offboarding | undefined> {
  const response = await fetch(`${story.gateway}/admin/offboardings?person=${encodeURIComponent(alice)}`, { headers: bearer(admin) });
  if (response.status === 503 || response.status === 429) return undefined;
  const { offboardings } = await expectJson<{ offboardings: Offboarding[] }>(200, response);
  const found = offboardings[0];
  if (found?.status === 'needs_human') throw new Error(`the case needs a person: ${found.message}`);
  return found && wanted(found) ? found : undefined;
}

/** As an auditor does it: a file, and a program that calls nobody. */
async function verify(packet: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-evidence-'));
  try {
    const file = join(folder, 'packet.json');
    await writeFile(file, JSON.stringify(packet));
    const main = fileURLToPath(new URL('../../lifecycle/evidence.main.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'verify', file]);
    return stdout.replaceAll(file, 'packet.json').split('\n')[0] ?? '';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function ms(value: number): string {
  return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`;
}
