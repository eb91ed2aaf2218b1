/** Reads one delivery of an Okta event hook: up to a batch of LogEvents, each with its own id. Says of each whom it is about, or why it is about nobody. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';
import { type Heard, hear, type Unheard } from '../okta-log.ts';

const Delivery = z.object({ data: z.object({ events: z.array(z.unknown()).max(1_000) }) });

export function readDelivery(body: unknown): Result<Result<Heard, Unheard>[], string> {
  const delivery = Delivery.safeParse(body);
  return delivery.success ? ok(delivery.data.data.events.map(hear)) : refuse('the body is no delivery of an event hook');
}
