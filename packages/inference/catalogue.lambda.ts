/** `GET /v1/models`: what a person may ask for by name. `GET /protocol`: what this gateway speaks, for whoever builds a client. */
import { InferenceConfig } from '@gatehouse/core/inference-profile';
import { json } from '@gatehouse/runtime/environment';
import { http } from '@gatehouse/runtime/http';
import { apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { modelList } from './model-list.ts';
import { protocolPage } from './protocol-page.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  PUBLIC_URL: z.url(),
  CONFIG: json(InferenceConfig),
});

export const handler = http(
  { surface, env, wire: apiWire },
  {
    models: async (_request, { env, caller }) => ({
      status: 200,
      body: modelList(env.CONFIG.models, caller.policy?.effective.models ?? { allow: [], deny: [] }),
    }),
    protocol: async (_request, { env }) => ({
      status: 200,
      headers: { 'content-type': 'text/markdown; charset=utf-8', 'cache-control': 'public, max-age=300' },
      body: protocolPage(env.PUBLIC_URL),
    }),
  },
);
