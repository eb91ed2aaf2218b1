/** Puts inference's facts on the product bus, from the table's stream. Decides nothing. */
import { outbox } from '@gatehouse/runtime/stream';

export const handler = outbox();
