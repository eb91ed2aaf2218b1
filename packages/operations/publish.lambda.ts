/** Publishes operations' facts from its table's stream. */
import { outbox } from '@gatehouse/runtime/stream';

export const handler = outbox();
