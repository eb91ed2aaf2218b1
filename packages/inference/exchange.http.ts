/**
 * One request to a model, from the body to the last byte: checked, held, sent to the first tier that answers, passed on, settled. What a format is like is
 * its caller's to say; nothing here reads the prompt.
 */
import type { InferenceConfig } from '@gatehouse/core/inference-profile';
import { now } from '@gatehouse/runtime/clock';
import type { Call, Request } from '@gatehouse/runtime/http';
import type { StreamReply } from '@gatehouse/runtime/http-stream';
import { log } from '@gatehouse/runtime/log';
import { type Account, groupOf, openAccount } from './account.dynamo.ts';
import { noteRefusal } from './audit.outbox.ts';
import { messagesError as messagesErrorOf } from './bedrock/errors.ts';
import { type Begun, begin } from './begin.http.ts';
import { unreadable } from './body-check.ts';
import type { SecretArns } from './credential.aws.ts';
import type { Ending } from './ending.ts';
import { estimate } from './estimate.ts';
import { errorType, isUnknownModel, unanswered, withoutArns } from './failover.ts';
import type { Format } from './format.ts';
import { towardsClient } from './forwarded-headers.ts';
import type { Frame } from './frame.ts';
import { guard } from './guard/guard.detectors.ts';
import { createMeter } from './meter.ts';
import { permit } from './permission.ts';
import { type Refusal, refused } from './refusal.ts';
import { NotBegun, pingMs, relay, type Source } from './relay.stream.ts';
import { standingHeaders } from './spend-headers.ts';
import { watch } from './standing.dynamo.ts';
import { tellPassed } from './tell.emf.ts';
import type { Draft } from './tier.ts';

export interface Setting {
  config: InferenceConfig;
  /** The ledger's. */
  table: string;
  /** Inference's own, for facts. */
  ownTable: string;
  arns: SecretArns;
}

/** For each tier, until a stream begins. */
const headMs = 120_000;
/** Lambda ends at 15 minutes. */
const lastsMs = (14 * 60 + 30) * 1_000;

export async function exchange<E>(request: Request, { caller, now: at }: Call<E>, setting: Setting, format: Format): Promise<StreamReply> {
  const { config, table, arns } = setting;
  const refuse = async (refusal: Refusal): Promise<StreamReply> => {
    await noteRefusal(setting.ownTable, refusal, { person: caller.person, route: request.route, requestId: request.requestId });
    const { status, type, message, headers } = refused(refusal, config.help);
    return errorOf(format, { status, type, message }, request, { 'request-id': request.requestId, ...headers });
  };
  const bytes = request.body;
  const wrong = unreadable(request);
  if (wrong) return refuse(wrong);
  const read = format.read(bytes);
  if (!read.ok) return refuse(read.refusal);
  const ask = read.value;
  const effective = caller.policy?.effective;
  if (!effective) throw new TypeError('Somebody admitted for inference has a policy');
  const models = [ask.model, ...ask.nestedModels];
  const permitted = permit(effective, models);
  if (!permitted.ok) return refuse(permitted.refusal);
  const findings = await guard(effective.guardrails, ask.body, caller.email);
  if (findings.length > 0) return refuse({ reason: 'guarded', findings });
  const drafts = format.drafts(ask, bytes);
  const [foremost] = drafts;
  if (!foremost) return refuse({ reason: 'no_upstream', format: format.name });
  const group = groupOf(caller, ask, request.header('x-claude-code-session-id') ?? '');
  const opened = await openAccount(
    table,
    caller,
    { id: request.requestId, group, tokens: estimate(bytes.length, ask.maxTokens), at },
    { pricePpm: config.price_ppm, regional: foremost.regional },
  );
  if (!opened.open)
    return refuse(
      opened.because === 'used_up' ? { reason: 'used_up', limit: opened.limit, now: at } : { reason: 'held', limit: opened.limit },
    );
  const { account } = opened;

  const until = at + lastsMs;
  const options = { headMs: ask.stream ? headMs : until - at, streamed: ask.stream, requestId: request.requestId };
  const begun = begin(drafts, arns, options);
  await account.held.catch(async (error: unknown) => {
    stopWhenBegun(begun);
    throw error;
  });
  const first = await beforeSilence(begun, account);
  const head = { 'request-id': request.requestId, 'cache-control': 'no-cache', ...standingHeaders(account.limits) };
  if (first && first.outcome !== 'answer') {
    await account.close(undefined);
    return errorReply(first, request, format, head);
  }
  const meter = createMeter();
  const draft = first?.draft ?? foremost;
  const watched = watch({ caller, models, table, help: config.help, until });
  const told = { model: group.model, person: caller.person, firstByteMs: now() - at };
  const body = relay(
    sourceOf(begun, (used) => format.frame(meter, ask, used)),
    {
      frame: format.frame(meter, ask, draft),
      late: first === undefined,
      ending: watched.ending,
      finish: async (ending) => {
        watched.close();
        const metered = meter.read();
        const { tier, regional } = (metered.begun && (await answeredBy(begun))) || draft;
        const amountMicros = await account.close(metered, { regional });
        const outcome = ending?.reason ?? (metered.error === undefined ? 'whole' : 'upstream_error');
        tellPassed({ ...told, tier, outcome, requestMs: now() - at, amountMicros }, now());
        log.info('passed', { route: request.route, tier, outcome, amount_micros: amountMicros, ...told, request_id: request.requestId });
      },
    },
  );
  const type = ask.stream ? format.streamType : 'application/json';
  const upstreamHeaders = first ? towardsClient(first.incoming.headers, format.keepAmazon) : {};
  return { status: 200, headers: { ...upstreamHeaders, 'content-type': type, ...head }, body };
}

/** What upstream began with, if it began before a sign of life is due: then the status can still say how it went. */
async function beforeSilence(begun: Promise<Begun>, account: Account): Promise<Begun | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    const began = now();
    timer = setInterval(() => {
      if (now() - began > pingMs) resolve(undefined);
    }, 250);
  });
  try {
    return await Promise.race([begun, silence]);
  } catch (error) {
    await account.close(undefined);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Which tier an answer came from. */
async function answeredBy(begun: Promise<Begun>): Promise<Draft | undefined> {
  const settled = await begun.catch(() => undefined);
  return settled?.outcome === 'answer' ? settled.draft : undefined;
}

function stopWhenBegun(begun: Promise<Begun>): void {
  begun.then(
    (late) => {
      if (late.outcome === 'answer') late.incoming.stop();
    },
    () => {},
  );
}

async function sourceOf(begun: Promise<Begun>, frameOf: (draft: Draft) => Frame): Promise<Source> {
  const first = await begun;
  if (first.outcome === 'answer') return { ...first.incoming, frame: frameOf(first.draft) };
  throw new NotBegun(notBegun(first));
}

/** An error that comes after the head: the stream itself has to say it. */
function notBegun(begun: Exclude<Begun, { outcome: 'answer' }>): Ending {
  const { type, message } = begun.outcome === 'error' ? envelopeOf(begun) : begun.fault;
  return { reason: 'refused', type, message };
}

function errorReply(
  begun: Exclude<Begun, { outcome: 'answer' }>,
  request: Request,
  format: Format,
  head: Record<string, string>,
): StreamReply {
  if (begun.outcome === 'fault') {
    const { status, type, message, headers } = begun.fault;
    return errorOf(format, { status, type, message }, request, { ...head, ...headers });
  }
  const { status, type, message } = envelopeOf(begun);
  const headers = towardsClient(begun.headers, format.keepAmazon);
  delete headers['content-type'];
  return errorOf(format, { status, type, message }, request, { ...headers, ...head });
}

function errorOf(
  format: Format,
  error: { status: number; type: string; message: string },
  { requestId }: Request,
  more: Record<string, string>,
): StreamReply {
  const { status, headers, body } = format.error({ ...error, requestId });
  return { status, headers: { ...more, ...headers }, body };
}

/** Clients match on an error's type and words: both stay upstream's, but for what names the company's account. */
export function envelopeOf({ status, text, draft, headers }: Extract<Begun, { outcome: 'error' }>): {
  status: number;
  type: string;
  message: string;
} {
  if (draft.tier === 'bedrock') {
    const told = messagesErrorOf(status, headers.get('x-amzn-errortype'), text);
    // As 400 it would be tried six times.
    return isUnknownModel(status, text) ? { ...told, status: 404, type: 'not_found_error' } : told;
  }
  try {
    const body = JSON.parse(text) as { error?: { type?: unknown; message?: unknown }; message?: unknown; Message?: unknown };
    const message = body.error?.message ?? body.message ?? body.Message;
    const type = body.error?.type;
    return {
      status,
      type: typeof type === 'string' ? type : errorType(status),
      message: withoutArns(typeof message === 'string' ? message : unanswered('garbage').message),
    };
  } catch {
    return { status, type: errorType(status), message: unanswered('garbage').message };
  }
}
