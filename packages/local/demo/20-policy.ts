/** One policy document, three people: what each client is told, and why. */
import { type Chapter, expectJson } from './story.ts';

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
      const explained = await expectJson<Record<string, unknown>>(
        200,
        await get('bob@example.com', '/v1/policy/explain?model=claude-opus-4-8'),
      );
      return { result: undefined, said: JSON.stringify(explained).slice(0, 220) };
    });
  },
};
