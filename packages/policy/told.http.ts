/** How administrators' calls are read and answered: JSON of a given shape in, a refusal told by its one switch out. Decides nothing. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type { Call, Reply, Request } from '@gatehouse/runtime/http';
import * as z from 'zod';
import { type Refusal, tell } from './refusal.ts';

export type Outcome = Result<Reply, Refusal>;

/** A handler that may refuse, as the runtime takes handlers. */
export function told<E>(handle: (request: Request, call: Call<E>) => Promise<Outcome>) {
  return async (request: Request, call: Call<E>): Promise<Reply> => {
    const outcome = await handle(request, call);
    if (outcome.ok) return outcome.value;
    const { status, type, message, more } = tell(outcome.refusal);
    return { status, body: { type: 'error', error: { type, message, ...more }, request_id: request.requestId } };
  };
}

export function parse<S extends z.ZodType>(schema: S, request: Request): Result<z.infer<S>, Refusal> {
  const body = request.json();
  if (!body.ok) return refuse({ reason: 'malformed', detail: `The body is not JSON: ${body.refusal.detail}` });
  const parsed = schema.safeParse(body.value);
  return parsed.success ? ok(parsed.data) : refuse({ reason: 'malformed', detail: z.prettifyError(parsed.error) });
}
