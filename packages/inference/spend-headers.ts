/** What Claude Code is told about a person's limits in the headers of an answer, so that it can warn and stop by itself. Decides nothing. */
import { periodEnd } from '@gatehouse/ledger/rows';
import { type Limit, mostUsed } from '@gatehouse/ledger/spend-limit';

type Headers = Record<string, string>;

const prefix = 'anthropic-ratelimit-unified';
/** The client shows a notice at these. */
const thresholds = [0.95, 0.75];

/** For an answer that is let pass; nothing where no limit binds. */
export function standingHeaders(limits: readonly Limit[]): Headers {
  const limit = mostUsed(limits);
  if (!limit) return {};
  const share = utilization(limit);
  const passed = thresholds.find((threshold) => share >= threshold);
  const status = passed === undefined ? 'allowed' : 'allowed_warning';
  const reset = String(resetSeconds(limit));
  return {
    [`${prefix}-status`]: status,
    [`${prefix}-reset`]: reset,
    [`${prefix}-overage-reset`]: reset,
    [`${prefix}-overage-utilization`]: String(share),
    [`${prefix}-representative-claim`]: 'overage',
    [`${prefix}-overage-status`]: status,
    ...(passed !== undefined && { [`${prefix}-overage-surpassed-threshold`]: String(passed) }),
  };
}

/** For a request that is refused because a limit is used up. With a claim or an overage status the client would replace our message. */
export function exhaustedHeaders(limit: Limit, nowMs: number): Headers {
  const reset = resetSeconds(limit);
  return {
    'retry-after': String(Math.max(1, reset - Math.floor(nowMs / 1000))),
    'x-should-retry': 'false',
    [`${prefix}-status`]: 'rejected',
    [`${prefix}-reset`]: String(reset),
    [`${prefix}-overage-reset`]: String(reset),
    [`${prefix}-overage-utilization`]: String(Math.max(1, utilization(limit))),
    [`${prefix}-overage-surpassed-threshold`]: '1',
    [`${prefix}-overage-period`]: limit.budget.period,
    [`${prefix}-overage-disabled-reason`]: 'org_spend_cap_reached',
    ...(limit.budget.scope === 'group' && { [`${prefix}-overage-scope`]: 'group_pool' }),
  };
}

function utilization({ budget, usedMicros }: Limit): number {
  if (budget.amount_micros === 0) return 1;
  return Math.floor((usedMicros * 100) / budget.amount_micros) / 100;
}

/** Seconds since the epoch. */
function resetSeconds({ budget, start }: Limit): number {
  return Date.parse(`${periodEnd(budget.period, start)}T00:00:00Z`) / 1000;
}
