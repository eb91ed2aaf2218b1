/** `GET /admin/reconciliation`: who says what was used, side by side. `POST /admin/billed`: takes a Cost and Usage Report, as CSV; a repeat changes nothing. */
import { http, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { putBilled } from './billed.dynamo.ts';
import { linesOfCostReport } from './billed.ts';
import { peopleOf } from './billed-people.records.ts';
import { knownIn } from './reconcile.dynamo.ts';
import { nobodys, reconcile, totalsOf } from './reconciliation.ts';
import { daysOf, sentenceOf, spanOf } from './span.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_USAGE: z.string().min(1),
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
});

const mostDays = 31;
const mostLines = 5_000;

export const handler = http(
  { surface, env, wire: apiWire },
  {
    reconciliation: async (request, { env, now }) => {
      const span = spanOf({ from: request.query.get('from') ?? undefined, to: request.query.get('to') ?? undefined }, now);
      if (!span.ok) return wrong(request, sentenceOf(span.refusal));
      if (daysOf(span.value).length > mostDays) return wrong(request, `${mostDays} days are reconciled at once: ask in parts`);
      const { people, organization } = await knownIn(env.TABLE_USAGE, span.value);
      const rows = reconcile(people);
      return { status: 200, body: { ...span.value, ...totalsOf(rows), organization, rows } };
    },

    billed: async (request, { env, caller }) => {
      let lines: ReturnType<typeof linesOfCostReport>;
      try {
        lines = linesOfCostReport(request.text());
      } catch (error) {
        if (error instanceof RangeError) return wrong(request, error.message);
        throw error;
      }
      if (lines.length > mostLines) return wrong(request, `${lines.length} lines; ${mostLines} are taken at once: send the file in parts`);
      const owned = await peopleOf(lines, env.TABLE_PEOPLE);
      await putBilled(env.TABLE_USAGE, owned);
      const days = [...new Set(lines.map(({ day }) => day))].sort();
      log.info('bill imported', { by: caller.person, lines: lines.length, days: days.length });
      const amount_micros = lines.reduce((sum, line) => sum + line.amount_micros, 0);
      return {
        status: 200,
        body: { lines: lines.length, days, amount_micros, unattributed: owned.filter(({ person }) => person === nobodys).length },
      };
    },
  },
);

function wrong(request: Request, message: string) {
  return apiError(400, 'invalid_request_error', message, request.requestId);
}
