/** An administrator has a leaver forgotten: name, address, groups and the directory's id go, the pseudonym stays beside the spend. Refuses while anything of theirs is left to take back. */
import { Grant, grant } from '@gatehouse/contracts/records/grant';
import { http } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { query } from '@gatehouse/runtime/table';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { erase } from './person.dynamo.ts';
import { surface } from './surface.ts';

export const env = z.object({ TABLE_PEOPLE: z.string(), TABLE_LIFECYCLE: z.string(), TABLE_ACCESS: z.string(), TABLE_POLICY: z.string() });

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'erase-person': async (request, { env, caller }) => {
      const id = request.pathParameters.id ?? '';
      const refuse = (status: number, message: string) => apiError(status, 'invalid_request_error', message, request.requestId);
      if (await holdsSomething(env.TABLE_LIFECYCLE, id))
        return refuse(409, 'Something of theirs is still there in another system: their offboarding takes it back first');
      const erased = await erase(env.TABLE_PEOPLE, id);
      if (erased.outcome === 'unknown')
        return apiError(404, 'not_found_error', 'There is no such person: write their per_... id', request.requestId);
      if (erased.outcome === 'refused')
        return refuse(
          409,
          erased.because === 'held' ? 'A legal hold keeps their record' : 'They have not left: only a leaver is forgotten',
        );
      log.info('person erased', { person: id, by: caller.person });
      return { status: 204 };
    },
  },
);

async function holdsSomething(table: string, id: string): Promise<boolean> {
  const rows = await query(table, grant.key(id, { system: '', kind: '', alias: '' }).pk);
  return rows.some((row) => Grant.parse(row).state !== 'taken');
}
