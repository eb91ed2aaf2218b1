/** What the gateway says of itself, and its health. Touches no store. */
import { http, type Reply } from '@gatehouse/runtime/http';
import { oauthWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { keptBriefly, resourceMetadata, serverMetadata } from './metadata.ts';
import { surface } from './surface.ts';

export const env = z.object({ PUBLIC_URL: z.string() });

function plain(text: string): Reply {
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

export const handler = http(
  { surface, env, wire: oauthWire },
  {
    'server-metadata': async (_, { env }) => ({ status: 200, headers: keptBriefly, body: serverMetadata(env.PUBLIC_URL) }),
    'resource-metadata': async (_, { env }) => ({ status: 200, headers: keptBriefly, body: resourceMetadata(env.PUBLIC_URL) }),
    health: async () => ({ status: 200, body: { status: 'ok' } }),
    healthz: async () => plain('ok'),
    readyz: async () => plain('ready'),
  },
);
