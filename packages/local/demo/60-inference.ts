/** Prompts through the gateway: an answer that is metered as it passes, a denied model, a secret that stays inside, and an open answer that the policy ends. */
import { randomBytes } from 'node:crypto';
import { gatehouse } from './command.ts';
import { type Chapter, expectJson, type Story } from './story.ts';

export const chapter: Chapter = {
  title: 'Prompts pass the gateway',
  async tell(story) {
    const bob = await tokenOf(story, 'bob@example.com');
    const carol = await tokenOf(story, 'carol@example.com');
    await story.step('bob asks Haiku for a streamed answer', async () => {
      const response = await ask(story, bob, 'claude-haiku-4-5', { stream: true });
      const text = await response.text();
      if (response.status !== 200 || !text.includes('event: message_stop'))
        throw new Error(`answered ${response.status}: ${text.slice(0, 200)}`);
      const used = response.headers.get('anthropic-ratelimit-unified-overage-utilization');
      return { result: undefined, said: `${text.match(/^event: /gm)?.length} events; ${Number(used) * 100} % of his budget used before` };
    });
    await story.step('what the gateway itself counted', async () => {
      const usage = await fetch(`${story.gateway}/v1/usage?by=route`, { headers: { authorization: `Bearer ${bob}` } });
      const { rows } = await expectJson<{ rows: { key: string; amount_micros: number; requests: number }[] }>(200, usage);
      const row = rows.find(({ key }) => key === 'gateway');
      if (!row) throw new Error('nothing is in the ledger');
      return { result: undefined, said: `${row.requests} request, ${row.amount_micros} micro-dollars` };
    });
    await story.step('he asks for Opus, which his policy does not allow', async () => {
      const response = await ask(story, bob, 'claude-opus-4-8');
      const { error } = await expectJson<{ error: { message: string } }>(403, response);
      return { result: undefined, said: error.message };
    });
    await story.step('carol lets no secret leave (gatehouse policy publish), and he pastes one into a prompt', async () => {
      const document = await gatehouse(story, carol, ['policy', 'show']);
      const draft = document.replace(/( *)- name: contractors\n/, '$&$1  guardrails:\n$1    secrets: block\n');
      await gatehouse(story, carol, ['policy', 'publish', '-', '--reason', 'No secret leaves'], draft);
      const pasted = `ghp_${randomBytes(18).toString('hex')}`;
      const response = await ask(story, bob, 'claude-haiku-4-5', { content: `Why does ${pasted} not work?` });
      const { error } = await expectJson<{ error: { message: string } }>(403, response);
      return { result: undefined, said: error.message };
    });
    await story.step('carol revokes his sessions while an answer is coming', async () => {
      const response = await ask(story, bob, 'claude-haiku-4-5', { stream: true, content: '[[model {"tokens": 900, "gap_ms": 1000}]]' });
      const began = performance.now();
      const revoked = await fetch(`${story.gateway}/admin/sessions/revoke`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${carol}` },
        body: JSON.stringify({ person: 'bob@example.com', reason: 'the demo' }),
      });
      if (!revoked.ok) throw new Error(`the revocation answered ${revoked.status}: ${await revoked.text()}`);
      const last = (await response.text()).trim().split('\n\n').at(-1) ?? '';
      if (!last.startsWith('event: error')) throw new Error(`the answer ended with ${last}`);
      const ms = performance.now() - began;
      story.conclude(`An open answer ended ${(ms / 1000).toFixed(1)} s after its person's sessions did.`);
      return { result: undefined, said: `an error event after ${(ms / 1000).toFixed(1)} s` };
    });
  },
};

function ask(story: Story, token: string, model: string, { stream = false, content = 'Say hello.' } = {}): Promise<Response> {
  return fetch(`${story.gateway}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ model, max_tokens: 1_000, stream, messages: [{ role: 'user', content }] }),
  });
}

/** Signed in anew: earlier chapters moved the clock by days. */
async function tokenOf(story: Story, login: string): Promise<string> {
  const signed = await fetch(`${story.idp}/directory/users/${login}/id-token`, { method: 'POST' });
  const { id_token } = await expectJson<{ id_token: string }>(200, signed);
  const exchanged = await fetch(`${story.gateway}/auth/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: id_token }),
  });
  const { access_token } = await expectJson<{ access_token: string }>(200, exchanged);
  return access_token;
}
