/** Counts a prompt's tokens upstream: allowed and looked through like the prompt itself, free of charge, and never stopped by a budget. */
import type { InferenceConfig } from '@gatehouse/core/inference-profile';
import type { Result } from '@gatehouse/core/result';
import type { Call, Request } from '@gatehouse/runtime/http';
import type { StreamReply } from '@gatehouse/runtime/http-stream';
import { type Ask, type BadAsk, readAsk } from './ask.ts';
import { noteRefusal } from './audit.outbox.ts';
import { betasIn, toInvokeModel } from './bedrock/body.ts';
import { readCountRequest } from './bedrock/count.ts';
import { type Begun, begin } from './begin.http.ts';
import { unreadable } from './body-check.ts';
import { envelopeOf, type Setting } from './exchange.http.ts';
import { bedrockFormat, type Envelope, type Format, messagesFormat } from './format.ts';
import { towardsClient } from './forwarded-headers.ts';
import { guard } from './guard/guard.detectors.ts';
import { permit } from './permission.ts';
import { type Refusal, refused } from './refusal.ts';
import { bedrockCountDraft, type Draft, messagesDraft } from './tier.ts';
import { textOf } from './upstream.http.ts';

const headMs = 20_000;

/** How clients of a format ask for a count and read it. */
interface Counting {
  read(bytes: Buffer): Result<Ask, BadAsk>;
  drafts(ask: Ask, bytes: Buffer): readonly Draft[];
  answer(tokens: number): Readonly<Record<string, unknown>>;
  error: Format['error'];
}

/** `POST /v1/messages/count_tokens`. */
export function messagesCounting(config: InferenceConfig, envelope: Envelope): Counting {
  return {
    read: (bytes) => readAsk(bytes),
    drafts: (ask, bytes) =>
      config.upstreams.flatMap((upstream) => {
        if (upstream.kind !== 'bedrock')
          return [messagesDraft(upstream, { act: 'count_tokens', ask, bytes, ...envelope }, envelope.ownRegion)];
        const body = toInvokeModel(ask.body, betasIn(envelope.headers['anthropic-beta']));
        return bedrockCountDraft(upstream, { model: ask.model, body }, envelope.ownRegion) ?? [];
      }),
    answer: (tokens) => ({ input_tokens: tokens }),
    error: messagesFormat(config, envelope).error,
  };
}

/** Bedrock's CountTokens, `POST /model/{id}/count-tokens`. */
export function bedrockCounting(config: InferenceConfig, envelope: Envelope, id: string): Counting {
  return {
    read: (bytes) => readCountRequest(bytes, id),
    drafts: (ask) =>
      config.upstreams.flatMap((upstream) =>
        upstream.kind === 'bedrock' ? (bedrockCountDraft(upstream, { model: id, body: ask.body }, envelope.ownRegion) ?? []) : [],
      ),
    answer: (tokens) => ({ inputTokens: tokens }),
    error: bedrockFormat(config, envelope, { id, stream: false }).error,
  };
}

export async function countTokens<E>(
  request: Request,
  { caller }: Call<E>,
  { config, ownTable, arns }: Setting,
  counting: Counting,
): Promise<StreamReply> {
  const requestId = { 'request-id': request.requestId };
  const problem = (error: { status: number; type: string; message: string }, more: Record<string, string>): StreamReply => {
    const { status, headers, body } = counting.error({ ...error, requestId: request.requestId });
    return { status, headers: { ...requestId, ...more, ...headers }, body };
  };
  const refuse = async (refusal: Refusal): Promise<StreamReply> => {
    await noteRefusal(ownTable, refusal, { person: caller.person, route: request.route, requestId: request.requestId });
    const { headers, ...error } = refused(refusal, config.help);
    return problem(error, headers);
  };
  const wrong = unreadable(request);
  if (wrong) return refuse(wrong);
  const read = counting.read(request.body);
  if (!read.ok) return refuse(read.refusal);
  const ask = read.value;
  const effective = caller.policy?.effective;
  if (!effective) throw new TypeError('Somebody admitted for inference has a policy');
  const permitted = permit(effective, [ask.model, ...ask.nestedModels]);
  if (!permitted.ok) return refuse(permitted.refusal);
  const findings = await guard(effective.guardrails, ask.body, caller.email);
  if (findings.length > 0) return refuse({ reason: 'guarded', findings });
  const drafts = counting.drafts(ask, request.body);
  if (drafts.length === 0) return refuse({ reason: 'no_upstream', format: 'token counting for this model' });
  const begun = await begin(drafts, arns, { headMs, streamed: false, requestId: request.requestId });
  if (begun.outcome === 'fault') return problem(begun.fault, begun.fault.headers);
  if (begun.outcome === 'error') return problem(envelopeOf(begun), {});
  const tokens = await tokensOf(begun);
  if (tokens === undefined) return problem({ status: 529, type: 'overloaded_error', message: 'The model provider gave no count.' }, {});
  return { status: 200, headers: { ...towardsClient(begun.incoming.headers), ...requestId }, body: counting.answer(tokens) };
}

async function tokensOf({ incoming }: Extract<Begun, { outcome: 'answer' }>): Promise<number | undefined> {
  try {
    const { input_tokens, inputTokens } = JSON.parse(await textOf(incoming)) as { input_tokens?: unknown; inputTokens?: unknown };
    const tokens = input_tokens ?? inputTokens;
    return typeof tokens === 'number' ? tokens : undefined;
  } catch {
    return undefined;
  }
}
