/** Publishes lifecycle's facts from the table's stream. */
import { outbox } from '@gatehouse/runtime/stream';

export const handler = outbox();
