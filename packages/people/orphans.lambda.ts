/** Shows admins what belongs to nobody here, and takes their word on it: block a key, or keep it. The next look carries it out. */

import { http } from '@gatehouse/runtime/http';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { decide, orphansFrom, readOrphan } from './orphan.dynamo.ts';
import { readDecision } from './orphan-decision.ts';
import { surface } from './surface.ts';

export const env = z.object({ TABLE_PEOPLE: z.string(), TABLE_ACCESS: z.string(), TABLE_POLICY: z.string() });

const pageSize = 200;

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'list-orphans': async (request, { env }) => {
      const rows = await orphansFrom(env.TABLE_PEOPLE, request.query.get('next') || ' ', pageSize);
      const last = rows.length === pageSize ? rows.at(-1) : undefined;
      const orphans = rows.filter(({ told_at: told }) => told !== undefined);
      return { status: 200, headers: { 'cache-control': 'no-store' }, body: { orphans, ...(last && { next: last.id }) } };
    },
    'decide-orphan': async (request, { env, caller }) => {
      const { requestId } = request;
      const wish = readDecision(request.json());
      if (!wish.ok) return apiError(400, 'invalid_request_error', wish.refusal, requestId);
      const known = await readOrphan(env.TABLE_PEOPLE, request.pathParameters.id ?? '');
      if (known?.told_at === undefined) return apiError(404, 'not_found_error', 'There is no such orphan', requestId);
      const { decision, reason } = wish.value;
      if (decision === 'block' && known.kind !== 'virtual-key' && known.kind !== 'api-key')
        return apiError(
          400,
          'invalid_request_error',
          `Only keys are blocked from here: look after this ${known.kind} in ${known.system}`,
          requestId,
        );
      if (known.blocked_at !== undefined) return apiError(409, 'conflict_error', 'It is blocked already', requestId);
      await decide(env.TABLE_PEOPLE, known.id, decision, caller?.person ?? '', reason);
      return { status: 200, body: { ...(await readOrphan(env.TABLE_PEOPLE, known.id)) } };
    },
  },
);
