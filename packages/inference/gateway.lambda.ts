/** The inference routes: each names the format that its clients speak. */
import { InferenceConfig } from '@gatehouse/core/inference-profile';
import { json } from '@gatehouse/runtime/environment';
import type { Call, Request } from '@gatehouse/runtime/http';
import { httpStream } from '@gatehouse/runtime/http-stream';
import { apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { readAsk } from './ask.ts';
import { exchange, type Format, messagesError, type Setting } from './exchange.http.ts';
import { towardsUpstream } from './forwarded-headers.ts';
import { messagesFrame, wholeFrame } from './frame.ts';
import { surface } from './surface.ts';
import { messagesDraft } from './tier.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  AWS_REGION: z.string().min(1),
  SECRET_ANTHROPIC_KEY_ARN: z.string().min(1),
  SECRET_ANTHROPIC_AWS_KEY_ARN: z.string().min(1),
  CONFIG: json(InferenceConfig),
});
type Env = z.infer<typeof env>;

export const handler = httpStream(
  { surface, env, wire: apiWire },
  {
    messages: (request, call) => exchange(request, call, settingOf(call.env), messages(request, call)),
  },
);

function settingOf(env: Env): Setting {
  return {
    config: env.CONFIG,
    table: env.TABLE_USAGE,
    arns: { 'anthropic-key': env.SECRET_ANTHROPIC_KEY_ARN, 'anthropic-aws-key': env.SECRET_ANTHROPIC_AWS_KEY_ARN },
  };
}

/** Anthropic's Messages API, as it is. */
function messages(request: Request, { env }: Call<Env>): Format {
  const search = request.query.size > 0 ? `?${request.query}` : '';
  return {
    name: 'the Messages API',
    read: (bytes) => readAsk(bytes),
    drafts: (ask, bytes) =>
      env.CONFIG.upstreams.flatMap((upstream) =>
        upstream.kind === 'bedrock'
          ? []
          : [messagesDraft(upstream, { act: 'messages', ask, bytes, headers: towardsUpstream(request.headers), search }, env.AWS_REGION)],
      ),
    frame: (meter, ask) => (ask.stream ? messagesFrame(meter) : wholeFrame(meter)),
    streamType: 'text/event-stream; charset=utf-8',
    error: messagesError,
  };
}
