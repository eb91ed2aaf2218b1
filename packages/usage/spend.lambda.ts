/** `GET /v1/usage` and `GET /api/oauth/usage` for oneself, `GET /admin/spend` for administrators: what the ledger counted, never what a client claims. */

import { usedBy } from '@gatehouse/ledger/budget.dynamo';
import { dayOf } from '@gatehouse/ledger/entry';
import { listPrices } from '@gatehouse/ledger/price-book';
import { readLimits } from '@gatehouse/ledger/reserve.dynamo';
import { type Period, periodStart, periods } from '@gatehouse/ledger/rows';
import type { Caller } from '@gatehouse/runtime/admit';
import { http, type Reply, type Request } from '@gatehouse/runtime/http';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { limitsOf, type Standing, spendBars } from './limits.ts';
import { csv, type Heading, headings, report } from './report.ts';
import { type Span, sentenceOf, spanOf } from './span.ts';
import { groupsOfAll, spentBy, spentByAll } from './spend.dynamo.ts';
import { surface } from './surface.ts';

export const env = z.object({ TABLE_USAGE: z.string().min(1), TABLE_ACCESS: z.string().min(1), TABLE_POLICY: z.string().min(1) });

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'own-usage': async (request, { env, caller, now }) => {
      const question = questionOf(request, 'model', now);
      if ('status' in question) return question;
      const [spent, limits] = await Promise.all([
        spentBy(env.TABLE_USAGE, caller.person, question.span),
        standingsOf(env.TABLE_USAGE, caller, now),
      ]);
      const rows = report(spent, question.by, () => caller.groups);
      return { status: 200, body: { ...question.span, by: question.by, rows, limits: limitsOf(limits), price_book: listPrices.version } };
    },

    'client-usage': async (_request, { env, caller, now }) => {
      const used = Object.fromEntries(
        await Promise.all(
          periods.map(async (period) => [period, await usedBy(env.TABLE_USAGE, caller.person, period, periodStart(period, dayOf(now)))]),
        ),
      ) as Record<Period, number>;
      return { status: 200, body: spendBars(await standingsOf(env.TABLE_USAGE, caller, now), used) };
    },

    'admin-spend': async (request, { env, now }) => {
      const question = questionOf(request, 'person', now);
      if ('status' in question) return question;
      const spent = await spentByAll(env.TABLE_USAGE, question.span);
      const people = question.by === 'group' ? [...new Set(spent.map(({ person }) => person))] : [];
      const groups = await groupsOfAll(env.TABLE_ACCESS, people);
      const rows = report(spent, question.by, (person) => groups.get(person) ?? []);
      if (request.header('accept')?.includes('text/csv'))
        return {
          status: 200,
          headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename="spend.csv"' },
          body: csv(rows),
        };
      return { status: 200, body: { ...question.span, by: question.by, rows, price_book: listPrices.version } };
    },
  },
);

function questionOf(request: Request, preset: Heading, now: number): { span: Span; by: Heading } | Reply {
  const said = request.query.get('by') ?? preset;
  const by = headings.find((heading) => heading === said);
  if (!by) return wrong(request, `by=${said.slice(0, 40)} is none of ${headings.join(', ')}`);
  const span = spanOf({ from: request.query.get('from') ?? undefined, to: request.query.get('to') ?? undefined }, now);
  return span.ok ? { span: span.value, by } : wrong(request, sentenceOf(span.refusal));
}

function wrong(request: Request, message: string): Reply {
  return apiError(400, 'invalid_request_error', message, request.requestId);
}

function standingsOf(table: string, { person, groups, policy }: Caller, now: number): Promise<Standing[]> {
  return readLimits(table, { person, groups, budgets: policy?.effective.budgets ?? [], nowMs: now });
}
