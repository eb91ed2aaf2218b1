/** The inference routes: each names the format that its clients speak. */
import { InferenceConfig } from '@gatehouse/core/inference-profile';
import { mayUse } from '@gatehouse/rules/models';
import { json } from '@gatehouse/runtime/environment';
import type { Call, Request } from '@gatehouse/runtime/http';
import { httpStream } from '@gatehouse/runtime/http-stream';
import { apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { bedrockCounting, countTokens, messagesCounting } from './count.http.ts';
import { ownRegion } from './credential.aws.ts';
import { exchange, type Setting } from './exchange.http.ts';
import { bedrockFormat, type Envelope, messagesFormat } from './format.ts';
import { towardsUpstream } from './forwarded-headers.ts';
import { surface } from './surface.ts';
import { upstreamStatus, warnOfIgnored } from './upstream-status.aws.ts';

export const env = z.object({
  TABLE_INFERENCE: z.string().min(1),
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  SECRET_ANTHROPIC_KEY_ARN: z.string(),
  SECRET_ANTHROPIC_AWS_KEY_ARN: z.string(),
  CONFIG: json(InferenceConfig),
});
type Env = z.infer<typeof env>;

export const handler = httpStream(
  { surface, env, wire: apiWire },
  {
    upstreams: async (_request, { env }) => ({
      status: 200,
      headers: { 'cache-control': 'no-store' },
      body: await upstreamStatus(settingOf(env)),
    }),
    messages: (request, call) => {
      const { CONFIG } = call.env;
      return exchange(request, call, settingOf(call.env), messagesFormat(CONFIG, envelopeOf(request)));
    },
    'count-tokens': (request, call) =>
      countTokens(request, call, settingOf(call.env), messagesCounting(call.env.CONFIG, envelopeOf(request))),
    'bedrock-count': (request, call) =>
      countTokens(
        request,
        call,
        settingOf(call.env),
        bedrockCounting(call.env.CONFIG, envelopeOf(request), request.pathParameters.id ?? ''),
      ),
    invoke: (request, call) => {
      const { CONFIG } = call.env;
      return exchange(request, call, settingOf(call.env), messagesFormat(CONFIG, envelopeOf(request), usualModel(call)));
    },
    chat: async (request, call) => {
      // What translates is loaded by whoever needs it: the shape of such a request takes longer to build than all else here.
      const { chatFormat } = await import('./chat-format.ts');
      const format = chatFormat(call.env.CONFIG, envelopeOf(request), Math.floor(call.now / 1000));
      return exchange(request, call, settingOf(call.env), format);
    },
    'bedrock-invoke': (request, call) => bedrock(request, call, false),
    'bedrock-stream': (request, call) => bedrock(request, call, true),
  },
);

function bedrock(request: Request, call: Call<Env>, stream: boolean) {
  const id = request.pathParameters.id ?? '';
  return exchange(request, call, settingOf(call.env), bedrockFormat(call.env.CONFIG, envelopeOf(request), { id, stream }));
}

function settingOf(env: Env): Setting {
  const setting = {
    config: env.CONFIG,
    table: env.TABLE_USAGE,
    ownTable: env.TABLE_INFERENCE,
    arns: { 'anthropic-key': env.SECRET_ANTHROPIC_KEY_ARN, 'anthropic-aws-key': env.SECRET_ANTHROPIC_AWS_KEY_ARN },
  };
  warnOfIgnored(setting);
  return setting;
}

function envelopeOf(request: Request): Envelope {
  const search = request.query.size > 0 ? `?${request.query}` : '';
  return { headers: towardsUpstream(request.headers), search, ownRegion: ownRegion() };
}

/** The first that the company offers and the policy allows. */
function usualModel({ env, caller }: Call<Env>): string | undefined {
  const rules = caller.policy?.effective.models;
  return rules && env.CONFIG.models.find((model) => mayUse(rules, model).allowed);
}
