/** `POST /v1/metrics`, `/v1/logs`, `/v1/traces`: what exporters send becomes ledger entries of the token's person, exactly once. Answers within two seconds. */
import { createHash } from 'node:crypto';
import { UsageConfig } from '@gatehouse/core/usage-profile';
import type { Entry } from '@gatehouse/ledger/entry';
import { knowsBody, nothingPosted, post, rememberBody } from '@gatehouse/ledger/ledger.dynamo';
import { listPrices } from '@gatehouse/ledger/price-book';
import { spendRows } from '@gatehouse/ledger/spend-rows';
import { now as clock } from '@gatehouse/runtime/clock';
import { json } from '@gatehouse/runtime/environment';
import { type Handle, http, type Reply, type Request } from '@gatehouse/runtime/http';
import { admitExporter } from '@gatehouse/runtime/ingest-key';
import { measure } from '@gatehouse/runtime/metric';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import * as z from 'zod';
import { forwardMetrics } from './forward.aws.ts';
import { forwardedRow, ingestRow, refusedRow } from './ingest-metrics.emf.ts';
import { beat, hearNumbers, tellSettings } from './observed.dynamo.ts';
import { exportResponse, mediaTypes } from './otlp/answer.ts';
import { type Encoding, openEnvelope } from './otlp/envelope.ts';
import { readJson } from './otlp/json.ts';
import { readProtobuf } from './otlp/protobuf.ts';
import { Malformed, type Reading, type Signal } from './otlp/reading.ts';
import { comeBackLater, otlpWire, refuseEnvelope, refuseMethod } from './otlp.wire.ts';
import { relayedBy } from './relayed.records.ts';
import { refused, surface } from './surface.ts';
import { type Witnessed, witness } from './witness.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
  CONFIG: json(UsageConfig),
});
type Env = z.infer<typeof env>;

/** Exporters give up after ten seconds for all tries together, and lose what hangs: better an early "come back". */
const answerMs = 1_800;
const postMs = 1_600;
const forwardedByMs = 1_700;

const inItsTime = http(
  { surface, env, wire: otlpWire, admit: admitExporter },
  {
    metrics: ingest('metrics'),
    logs: ingest('logs'),
    traces: ingest('traces'),
    ...Object.fromEntries(refused.map(({ name }) => [name, async (request: Request) => refuseMethod(request)])),
  },
);

/** Admission waits for tables, too: the clock runs from the first moment. What is still at work may end later or never; sent again it comes to the same. */
export async function handler(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<APIGatewayProxyResult>((resolve) => {
    timer = setTimeout(() => resolve(comeBackLater(event)), answerMs);
  });
  const answer = inItsTime(event, context);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function ingest(signal: Signal): Handle<Env> {
  return async (request, { env, caller: { person, session, relays = false }, now }) => {
    const headers = { contentType: request.header('content-type'), contentEncoding: request.header('content-encoding') };
    const opened = openEnvelope(request.body, headers);
    if (!opened.ok) {
      measure([refusedRow(opened.refusal.reason, person)], now);
      return refuseEnvelope(opened.refusal, request);
    }
    const { encoding, bytes } = opened.value;
    const reading = read(signal, encoding, bytes);
    if (reading instanceof Malformed) {
      measure([refusedRow('malformed', person)], now);
      return refuseEnvelope({ reason: 'malformed', detail: reading.message }, request);
    }
    const relayed = relays ? await relayedBy(person, reading, env.TABLE_PEOPLE) : undefined;
    const witnessed = witness(reading, relayed?.whose ?? (() => person), now, env.CONFIG.inference_profiles);
    const digest = createHash('sha256').update(`${person} ${signal} `).update(bytes).digest('hex');
    const { entries, rejected } = witnessed;
    const repeated = await record(env, digest, entries, () => observe(env.TABLE_USAGE, reading, { person, session, relays }));
    const unknownNames = relayed?.unknown ?? 0;
    measure([ingestRow({ signal, items: reading.items, rejected, repeated, unknownNames, person })], now);
    if (env.CONFIG.forward_metrics && signal === 'metrics' && reading.items > 0 && !repeated) {
      const forwarded = await forwardMetrics(request.body, opened.value, now + forwardedByMs - clock());
      measure([forwardedRow(forwarded, person)], now);
    }
    return accepted(encoding, signal, witnessed);
  };
}

function read(signal: Signal, encoding: Encoding, bytes: Buffer): Reading | Malformed {
  try {
    return encoding === 'json' ? readJson(signal, bytes.toString('utf8')) : readProtobuf(signal, bytes);
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}

/** True when the whole body was posted before. What was committed is measured, also when the rest failed or came too late for an answer. */
async function record(env: Env, digest: string, entries: readonly Entry[], observing: () => Promise<void>): Promise<boolean> {
  const table = env.TABLE_USAGE;
  if (entries.length > 0 && (await knowsBody(table, digest))) return true;
  const posted = nothingPosted();
  const terms = { book: listPrices, multiplierPpm: env.CONFIG.price_ppm };
  try {
    const posting = entries.length > 0 ? post(entries, { table, terms, deadlineMs: postMs, posted }) : undefined;
    await Promise.all([posting, observing()]);
  } finally {
    measure(spendRows(posted, listPrices), clock());
  }
  if (entries.length > 0) await rememberBody(table, digest);
  return false;
}

/** A relay's own session says nothing of the clients behind it. */
async function observe(table: string, reading: Reading, caller: { person: string; session: string; relays: boolean }): Promise<void> {
  if (caller.relays) return;
  const { person, session } = caller;
  await Promise.all([
    beat(table, person),
    hearNumbers(table, person, reading.heard),
    ...(session === '' ? [] : reading.settings.slice(0, mostSettings).map((one) => tellSettings(table, { person, session }, one))),
  ]);
}

const mostSettings = 5;

function accepted(encoding: Encoding, signal: Signal, { rejected, problem }: Witnessed): Reply {
  const partial = rejected > 0 ? { rejected, message: problem ?? 'some items could not be counted' } : undefined;
  return { status: 200, headers: { 'content-type': mediaTypes[encoding] }, body: exportResponse(encoding, signal, partial) };
}
