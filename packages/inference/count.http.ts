/** Counts a prompt's tokens upstream: allowed like the prompt itself, free of charge, and never stopped by a budget. */
import type { Call, Request } from '@gatehouse/runtime/http';
import type { StreamReply } from '@gatehouse/runtime/http-stream';
import { apiError } from '@gatehouse/runtime/wire';
import { readAsk } from './ask.ts';
import { noteRefusal } from './audit.outbox.ts';
import { begin } from './begin.http.ts';
import type { Setting } from './exchange.http.ts';
import { errorType, unanswered } from './failover.ts';
import type { Envelope } from './format.ts';
import { towardsClient } from './forwarded-headers.ts';
import { guard } from './guard/guard.detectors.ts';
import { permit } from './permission.ts';
import { type Refusal, refused } from './refusal.ts';
import { messagesDraft } from './tier.ts';
import { textOf } from './upstream.http.ts';

const headMs = 20_000;

export async function countTokens<E>(
  request: Request,
  { caller }: Call<E>,
  { config, ownTable, arns }: Setting,
  envelope: Envelope,
): Promise<StreamReply> {
  const requestId = { 'request-id': request.requestId };
  const refuse = async (refusal: Refusal) => {
    await noteRefusal(ownTable, refusal, { person: caller.person, route: request.route, requestId: request.requestId });
    const { status, type, message, headers } = refused(refusal, config.help);
    return apiError(status, type, message, request.requestId, { ...requestId, ...headers });
  };
  const read = readAsk(request.body);
  if (!read.ok) return refuse(read.refusal);
  const ask = read.value;
  const effective = caller.policy?.effective;
  if (!effective) throw new TypeError('Somebody admitted for inference has a policy');
  const permitted = permit(effective, [ask.model, ...ask.nestedModels]);
  if (!permitted.ok) return refuse(permitted.refusal);
  const findings = await guard(effective.guardrails, ask.body, caller.email);
  if (findings.length > 0) return refuse({ reason: 'guarded', findings });
  // Bedrock counts for foundation models alone, which most of its models are not asked by.
  const drafts = config.upstreams.flatMap((upstream) =>
    upstream.kind === 'bedrock'
      ? []
      : [messagesDraft(upstream, { act: 'count_tokens', ask, bytes: request.body, ...envelope }, envelope.ownRegion)],
  );
  if (drafts.length === 0) return refuse({ reason: 'no_upstream', format: 'token counting' });
  const begun = await begin(drafts, arns, { headMs, streamed: false, requestId: request.requestId });
  if (begun.outcome === 'fault') {
    const { status, type, message, headers } = begun.fault;
    return apiError(status, type, message, request.requestId, { ...requestId, ...headers });
  }
  if (begun.outcome === 'answer')
    return { status: 200, headers: { ...towardsClient(begun.incoming.headers), ...requestId }, body: await textOf(begun.incoming) };
  return { status: begun.status, headers: { ...towardsClient(begun.headers), ...requestId }, body: begun.text || errorText(begun.status) };
}

function errorText(status: number): string {
  return JSON.stringify({ type: 'error', error: { type: errorType(status), message: unanswered('garbage').message } });
}
