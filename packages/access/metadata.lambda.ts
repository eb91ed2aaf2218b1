/** The gateway's published facts and its health. Touches no store but for the keys; the health answers touch none at all. */
import { SigningKey, signingKey } from '@gatehouse/contracts/records/signing-key';
import { http, type Reply } from '@gatehouse/runtime/http';
import { query } from '@gatehouse/runtime/table';
import { oauthWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { keySet, resourceMetadata, serverMetadata } from './metadata.ts';
import { surface } from './surface.ts';

export const env = z.object({ TABLE_ACCESS: z.string(), PUBLIC_URL: z.string() });

/** Shorter than a new key is published before it signs. */
const keptBriefly = { 'cache-control': 'public, max-age=300' };

function plain(text: string): Reply {
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

export const handler = http(
  { surface, env, wire: oauthWire },
  {
    'server-metadata': async (_, { env }) => ({ status: 200, headers: keptBriefly, body: serverMetadata(env.PUBLIC_URL) }),
    'resource-metadata': async (_, { env }) => ({ status: 200, headers: keptBriefly, body: resourceMetadata(env.PUBLIC_URL) }),
    keys: async (_, { env }) => {
      const rows = await query(env.TABLE_ACCESS, signingKey.key('').pk);
      return { status: 200, headers: keptBriefly, body: keySet(rows.map((row) => SigningKey.parse(row))) };
    },
    health: async () => ({ status: 200, body: { status: 'ok' } }),
    healthz: async () => plain('ok'),
    readyz: async () => plain('ready'),
  },
);
