/** Publishes the facts of workspaces from the table's stream. */
import { outbox } from '@gatehouse/runtime/stream';

export const handler = outbox();
