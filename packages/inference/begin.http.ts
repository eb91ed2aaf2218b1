/**
 * Asks the tiers in their order until one begins to answer. An error that is the client's own is its answer; anything else goes to the next tier, and the
 * last tier's error to the client. Nothing of a request that began to be answered is sent twice.
 */
import { now } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { authorized, type SecretArns } from './credential.aws.ts';
import { type Fault, isUnknownModel, type Meaning, meaningOf, unanswered } from './failover.ts';
import { tellUpstreamFault } from './tell.emf.ts';
import type { Draft } from './tier.ts';
import { type Incoming, send, textOf, Unanswered } from './upstream.http.ts';

export type Begun =
  | { outcome: 'answer'; draft: Draft; incoming: Incoming }
  /** In upstream's own words. */
  | { outcome: 'error'; draft: Draft; status: number; headers: ReadonlyMap<string, string>; text: string }
  /** In ours: nobody answered. */
  | { outcome: 'fault'; fault: Fault };

/** @param headMs for each tier, until it begins. @param streamed refuses an answer that is no stream as garbage. */
export async function begin(
  drafts: readonly Draft[],
  arns: SecretArns,
  { headMs, streamed, requestId }: { headMs: number; streamed: boolean; requestId: string },
): Promise<Begun> {
  let last: Begun = { outcome: 'fault', fault: unanswered('unreachable') };
  let unknown: Begun | undefined;
  for (const draft of drafts) {
    const tried = await attempt(draft, arns, headMs, streamed);
    if (tried.outcome === 'answer' || meaningOfTried(tried) === 'answer') return tried.begun;
    tellUpstreamFault(draft.tier, tried.why, now());
    log.warn('upstream cannot be used', { tier: draft.tier, why: tried.why, request_id: requestId });
    last = tried.begun;
    if (last.outcome !== 'error' || !isUnknownModel(last.status, last.text)) continue;
    // Where nobody has the model, the first one's words are those of the tier that was meant.
    unknown ??= last;
    last = unknown;
  }
  return last;
}

function meaningOfTried({ begun }: Tried): Meaning | undefined {
  return begun.outcome === 'error' ? meaningOf(begun.status, begun.text) : undefined;
}

interface Tried {
  outcome: Begun['outcome'];
  begun: Begun;
  status: number;
  /** For the metric: few different words. */
  why: string;
}

async function attempt(draft: Draft, arns: SecretArns, headMs: number, streamed: boolean): Promise<Tried> {
  try {
    const first = await ask(draft, arns, headMs, streamed, false);
    const refusedKey = meaningOfTried(first) === 'credential' && draft.credential.kind === 'key';
    // The key may have been replaced since it was read.
    const tried = refusedKey ? await ask(draft, arns, headMs, streamed, true) : first;
    if (meaningOfTried(tried) === 'credential') {
      log.error('upstream refuses the credential of the gateway', { tier: draft.tier, credential: draft.credential, status: tried.status });
      return { ...tried, why: 'credential', begun: { outcome: 'fault', fault: unanswered('credential') } };
    }
    return tried;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (error instanceof Unanswered) return failed(error.why, error.why);
    if (name !== 'Misconfigured' && name !== 'Unavailable') throw error;
    log.error('the credential of the gateway cannot be had', { tier: draft.tier, error: error as Error });
    return failed('credential', 'credential');
  }
}

function failed(why: string, fault: Parameters<typeof unanswered>[0]): Tried {
  return { outcome: 'fault', status: 0, why, begun: { outcome: 'fault', fault: unanswered(fault) } };
}

async function ask(draft: Draft, arns: SecretArns, headMs: number, streamed: boolean, again: boolean): Promise<Tried> {
  const incoming = await send(await authorized(draft, arns, again), headMs);
  const { status, headers } = incoming;
  if (status < 200 || status > 299) {
    const text = await textOf(incoming);
    return { outcome: 'error', status, why: String(status), begun: { outcome: 'error', draft, status, headers, text } };
  }
  const type = headers.get('content-type') ?? '';
  const wanted = !streamed ? 'application/json' : draft.framing === 'events' ? 'text/event-stream' : 'application/vnd.amazon.eventstream';
  if (!type.startsWith(wanted)) {
    incoming.stop();
    return failed('garbage', 'garbage');
  }
  return { outcome: 'answer', status, why: '', begun: { outcome: 'answer', draft, incoming } };
}
