/** Bedrock's runtime for Claude models under `/bedrock`: InvokeModel, its event stream, CountTokens. Signatures are checked for shape only. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { ModelKeys } from '../anthropic/doors.ts';
import type { Message } from '../anthropic/message.ts';
import { follow, whole, wrongLimit, wrongPrompt, wrongSampling } from '../anthropic/messages.ts';
import type { Model, Performance } from '../anthropic/model.ts';
import { bedrockModel, type CatalogueModel, isPlainOnDemand } from '../anthropic/models.ts';
import { garbage, inWrites, play, type Stage } from '../anthropic/performance.ts';
import { isSigned, wrongSignature } from '../anthropic/sigv4.ts';
import { promptTokens } from '../anthropic/tokens.ts';
import { type Answer, type Call, type Handler, isRecord, Refused, route, type System } from '../http.ts';
import { chunkFrame, exceptionFrame } from './frames.ts';

/** Bedrock's own, or the API's dated one, which clients send since their first major version. */
const versions = ['bedrock-2023-05-31', '2023-06-01', '2026-10-21'];
/** Fields of the Messages API that InvokeModel has elsewhere, or not at all. */
const foreign = ['model', 'stream', 'tags'];

export function createBedrock({ clock, model, keys }: { clock: Clock; model: Model; keys: ModelKeys }): System {
  function guarded(handler: Handler): Handler {
    return (call) => {
      if (call.headers.authorization === `Bearer ${keys.bedrock}`) return handler(call);
      if (!isSigned(call))
        return call.headers.authorization === undefined
          ? exception(403, 'Missing Authentication Token', 'MissingAuthenticationTokenException')
          : exception(403, 'The security token included in the request is invalid.', 'UnrecognizedClientException');
      const wrong = wrongSignature(call, 'bedrock');
      return wrong === undefined ? handler(call) : exception(403, wrong, 'InvalidSignatureException');
    };
  }

  function begin(call: Call): Performance {
    const served = servedOnDemand(call.params.id ?? '');
    const wrong = wrongBody(call.body) ?? wrongSampling(call.body, served, String(call.body.anthropic_version));
    if (wrong !== undefined) throw refuse(400, wrong);
    return model.begin('bedrock', call, call.body, served.id, (message) => exception(400, message));
  }

  async function invoke(call: Call): Promise<Answer> {
    const performance = begin(call);
    const refused = scripted(performance);
    if (refused) return refused;
    const { usage } = performance.message;
    const headers = {
      ...requestId(),
      'x-amzn-bedrock-invocation-latency': '420',
      'x-amzn-bedrock-input-token-count': String(usage.input_tokens),
      'x-amzn-bedrock-output-token-count': String(usage.output_tokens),
      'x-amzn-bedrock-cache-read-input-token-count': String(usage.cache_read_input_tokens),
      'x-amzn-bedrock-cache-write-input-token-count': String(usage.cache_creation_input_tokens),
    };
    const stage: Stage = { clock, signal: call.signal, pings: false };
    return whole(performance, stage, headers, (words) => exception(500, words), performance.message);
  }

  function stream(call: Call): Answer {
    const performance = begin(call);
    const refused = scripted(performance);
    if (refused) return refused;
    return {
      status: 200,
      headers: {
        ...requestId(),
        'content-type': 'application/vnd.amazon.eventstream',
        'x-amzn-bedrock-content-type': 'application/json',
      },
      body: inWrites(frames(performance, { clock, signal: call.signal, pings: false }), performance.script.wire_bytes),
    };
  }

  /** Only foundation models are counted for; the body is an InvokeModel body in base64. */
  function count(call: Call): Answer {
    const named = bedrockModel(call.params.id ?? '');
    if (!named || named.profile) return exception(400, 'The provided model identifier is invalid.');
    const input = isRecord(call.body.input) ? call.body.input.invokeModel : undefined;
    const body = isRecord(input) && typeof input.body === 'string' ? parse(Buffer.from(input.body, 'base64').toString('utf8')) : undefined;
    if (!isRecord(body)) return exception(400, 'input.invokeModel.body is the base64 of an InvokeModel body');
    const wrong = wrongBody(body);
    return wrong === undefined ? { status: 200, headers: requestId(), body: { inputTokens: promptTokens(body) } } : exception(400, wrong);
  }

  return {
    prefix: '/bedrock',
    maxBodyBytes: 25_000_000,
    refuse: (status, message) => exception(status, message),
    routes: [
      route('POST', '/model/:id/invoke', guarded(invoke)),
      route('POST', '/model/:id/invoke-with-response-stream', guarded(stream)),
      route('POST', '/model/:id/count-tokens', guarded(count)),
    ],
  };
}

function servedOnDemand(id: string): CatalogueModel {
  const named = bedrockModel(id);
  if (!named) throw refuse(400, 'The provided model identifier is invalid.');
  if (!named.profile && !isPlainOnDemand(named.model))
    throw refuse(
      400,
      `Invocation of model ID ${id} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`,
    );
  return named.model;
}

function wrongBody(body: Readonly<Record<string, unknown>>): string | undefined {
  if (body.anthropic_version === undefined) return 'anthropic_version: Field required';
  if (!versions.includes(String(body.anthropic_version))) return `anthropic_version: Input should be one of ${versions.join(', ')}`;
  const extra = foreign.find((name) => name in body);
  if (extra !== undefined) return `${extra}: Extra inputs are not permitted`;
  if (body.anthropic_beta !== undefined && !Array.isArray(body.anthropic_beta)) return 'anthropic_beta: Input should be a valid list';
  return wrongPrompt(body) ?? wrongLimit(body);
}

function scripted({ script, asked }: Performance): Answer | undefined {
  if (!script.refuse) return undefined;
  asked.outcome = 'refused';
  const { status, message, retry_after: seconds } = script.refuse;
  const refused = exception(status, message ?? sentences[status] ?? 'Refused by the script');
  return { ...refused, headers: { ...refused.headers, ...(seconds !== undefined && { 'retry-after': String(seconds) }) } };
}

const failed = exceptionFrame('modelStreamErrorException', 'The system encountered an unexpected error during processing.');
const throttled = exceptionFrame('throttlingException', 'Too many requests, please wait before trying again.');

async function* frames(performance: Performance, stage: Stage): AsyncGenerator<Uint8Array> {
  const begun = stage.clock.now();
  for await (const event of follow(play(performance, stage), performance, stage.signal)) {
    if (event === garbage) yield Buffer.from('upstream connect error or disconnect/reset before headers<html>');
    else if (event.type === 'error') yield performance.script.end === 'throttle' ? throttled : failed;
    else if (event.type === 'message_stop')
      yield chunkFrame({ ...event, 'amazon-bedrock-invocationMetrics': metrics(performance.message, stage.clock.now() - begun) });
    else yield chunkFrame(event);
  }
}

/** `inputTokenCount` leaves out what went through the cache. */
function metrics({ usage }: Message, latency: number) {
  return {
    inputTokenCount: usage.input_tokens,
    outputTokenCount: usage.output_tokens,
    invocationLatency: Math.round(latency),
    firstByteLatency: Math.round(latency / 10),
    cacheReadInputTokenCount: usage.cache_read_input_tokens,
    cacheWriteInputTokenCount: usage.cache_creation_input_tokens,
  };
}

const sentences: Readonly<Record<number, string>> = {
  400: 'Input is too long for requested model.',
  403: 'User is not authorized to perform: bedrock:InvokeModel',
  408: 'Model has timed out in processing the request. Try your request again.',
  424: 'The system encountered an unexpected error during processing. Try your request again.',
  429: 'Too many requests, please wait before trying again.',
  500: 'The system encountered an unexpected error during processing. Try your request again.',
  503: 'Bedrock is unable to process your request.',
};

const names: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  413: 'ValidationException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
  529: 'ServiceUnavailableException',
};

/** AWS's restJson1: the name in a header, the sentence in the body. */
function exception(
  status: number,
  message: string,
  name = names[status] ?? (status < 500 ? 'ValidationException' : 'InternalServerException'),
): Answer {
  return { status: status === 529 ? 503 : status, headers: { ...requestId(), 'x-amzn-errortype': name }, body: { message } };
}

function refuse(status: number, message: string): Refused {
  return new Refused(exception(status, message));
}

function requestId(): Record<string, string> {
  return { 'x-amzn-requestid': randomUUID() };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
