/** One policy document, three people: what each client is told and why, a change that is tried before it bites, and the proof that clients obey. */
import { gatehouse } from './command.ts';
import { type Chapter, expectJson, type Story } from './story.ts';

interface Settings {
  checksum: string;
  settings: { availableModels?: string[]; permissions?: { deny?: string[] }; env?: Record<string, string> };
}

export const chapter: Chapter = {
  title: 'One policy governs them',
  async tell(story) {
    const get = (login: string, path: string, headers: Record<string, string> = {}) =>
      fetch(story.gateway + path, { headers: { authorization: `Bearer ${story.kept.get(`token ${login}`)}`, ...headers } });

    const etag = await story.step("alice's managed settings (GET /managed/settings)", async () => {
      const response = await get('alice@example.com', '/managed/settings');
      const { settings } = await expectJson<Settings>(200, response);
      const models = settings.availableModels?.join(', ') ?? 'every model';
      return { result: response.headers.get('etag') ?? '', said: `${models}; telemetry to ${settings.env?.OTEL_EXPORTER_OTLP_ENDPOINT}` };
    });
    await story.step('asked again with its ETag', async () => {
      const response = await get('alice@example.com', '/managed/settings', { 'if-none-match': etag });
      if (response.status !== 304) throw new Error(`answered ${response.status} instead of 304`);
      return { result: undefined, said: '304, nothing sent' };
    });
    await story.step("bob's managed settings: a contractor", async () => {
      const { settings } = await expectJson<Settings>(200, await get('bob@example.com', '/managed/settings'));
      if (!settings.permissions?.deny?.includes('Bash')) throw new Error(`Bash is not denied: ${JSON.stringify(settings)}`);
      return { result: undefined, said: `models ${settings.availableModels?.join(', ')}; denied ${settings.permissions.deny.join(', ')}` };
    });
    await story.step('why may bob not use Opus? (GET /v1/policy/explain?model=opus)', async () => {
      const { model } = await expectJson<{ model: { because: string } }>(
        200,
        await get('bob@example.com', '/v1/policy/explain?model=claude-opus-4-8'),
      );
      return { result: undefined, said: model.because };
    });
    await change(story, get);
  },
};

/** Carol takes Opus from nobody before she has seen what it would have cost whom. */
async function change(story: Story, get: (login: string, path: string) => Promise<Response>): Promise<void> {
  const carol = String(story.kept.get('token carol@example.com'));
  const document = await gatehouse(story, carol, ['policy', 'show']);
  const draft = document.replace(/(- name: engineering[\s\S]*?allow:\n\s*- )"\*"/, '$1opus');
  await story.step('carol tries a draft: engineering gets Opus alone (gatehouse policy simulate)', async () => {
    const [first = ''] = (await gatehouse(story, carol, ['policy', 'simulate', '-'], draft)).split('\n');
    return { result: undefined, said: first };
  });
  await story.step('she publishes it, and alice’s client has it at its next poll', async () => {
    await gatehouse(story, carol, ['policy', 'publish', '-', '--reason', 'Opus for engineering'], draft);
    const { settings } = await expectJson<Settings>(200, await get('alice@example.com', '/managed/settings'));
    if (settings.availableModels?.join() !== 'opus') throw new Error(`alice is told ${settings.availableModels}`);
    return { result: undefined, said: `models ${settings.availableModels.join(', ')}` };
  });
  await story.step('and rolls it back', async () => {
    const said = await gatehouse(story, carol, ['policy', 'rollback', '1', '--reason', 'Sonnet is cheaper']);
    const { settings } = await expectJson<Settings>(200, await get('alice@example.com', '/managed/settings'));
    if (settings.availableModels) throw new Error(`alice is still told ${settings.availableModels}`);
    return { result: undefined, said: said.trim() };
  });
  await story.step('which clients run under what they were given? (gatehouse policy clients)', async () => {
    const [counts = ''] = (await gatehouse(story, carol, ['policy', 'clients'])).split('\n');
    return { result: undefined, said: counts };
  });
}
