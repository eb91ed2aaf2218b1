/** The doors to the models on a free port, with the vendors' own clients, for tests. Asserts nothing. */
import { AnthropicAws } from '@anthropic-ai/aws-sdk';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { Anthropic } from '@anthropic-ai/sdk';
import { createClock } from '../../clock.ts';
import { ask } from '../ask.ts';
import { createOutside } from '../create-outside.ts';
import { localModelKeys } from './doors.ts';

const credentials = { accessKeyId: 'AKIALOCAL', secretAccessKey: 'local-secret' };
export const haiku = 'claude-haiku-4-5-20251001';
export const haikuProfile = `us.anthropic.${haiku}-v1:0`;

export async function startModels() {
  const clock = createClock();
  const outside = await createOutside({ port: 0, clock, litellm: { masterKey: 'unused' }, coder: { token: 'unused' }, people: [] });
  const { origin } = outside;
  const quiet = { maxRetries: 0, logLevel: 'off' as const };
  return {
    clock,
    origin,
    anthropic: new Anthropic({ baseURL: `${origin}/anthropic`, apiKey: localModelKeys.anthropic, authToken: null, ...quiet }),
    aws: new AnthropicAws({
      baseURL: `${origin}/aws-external-anthropic`,
      awsRegion: 'us-east-1',
      awsAccessKey: credentials.accessKeyId,
      awsSecretAccessKey: credentials.secretAccessKey,
      workspaceId: localModelKeys.workspaceId,
      ...quiet,
    }),
    bedrock: new AnthropicBedrock({
      baseURL: `${origin}/bedrock`,
      awsRegion: 'us-east-1',
      awsAccessKey: credentials.accessKeyId,
      awsSecretKey: credentials.secretAccessKey,
      ...quiet,
    }),
    /** Steers the model until the next call of this. */
    model: (script: object) => ask(origin, 'PUT', '/_model', script),
    asked: async () => (await ask(origin, 'GET', '/_model/requests')).body.requests,
    async close() {
      clock.close();
      await outside.close();
    },
  };
}
