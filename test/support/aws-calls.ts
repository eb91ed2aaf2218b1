/** Which operations of AWS this process asks for, as they leave it (the channels of node:http). Changes nothing. */
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

export interface AwsCalls {
  /** e.g. `BatchGetItem`, in the order sent. */
  operations: string[];
  stop(): void;
}

export function watchAwsCalls(): AwsCalls {
  const operations: string[] = [];
  const heard: ChannelListener = (message) => {
    const { request } = message as { request: ClientRequest };
    const operation = String(request.getHeader('x-amz-target') ?? '').split('.')[1];
    if (operation !== undefined) operations.push(operation);
  };
  subscribe('http.client.request.start', heard);
  return { operations, stop: () => unsubscribe('http.client.request.start', heard) };
}
