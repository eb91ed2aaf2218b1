/** Questions that admins ask of the log in Logs Insights, saved with the stage. Over fields of our own lines alone: a test walks them. Asks nothing itself. */
import type { SavedQuery } from '@gatehouse/contracts/saved-query';

export const savedQueries: readonly SavedQuery[] = [
  {
    name: 'spend-by-person-and-model',
    logGroups: ['ingest'],
    query: lines(
      'filter ispresent(SpendMicros)',
      'stats sum(SpendMicros) / 1000000 as dollars, sum(ModelRequests) as requests by person, model_name, route_name',
      'sort dollars desc',
    ),
  },
  {
    name: 'spend-by-hour',
    logGroups: ['ingest'],
    query: lines('filter ispresent(SpendMicros)', 'stats sum(SpendMicros) / 1000000 as dollars by bin(1h) as hour', 'sort hour desc'),
  },
  {
    name: 'models-without-a-price',
    logGroups: ['ingest'],
    query: lines(
      'filter ispresent(UnpricedTokens)',
      'stats sum(UnpricedTokens) as tokens by model_name, route_name, person',
      'sort tokens desc',
    ),
  },
  {
    name: 'rejected-and-refused-exports',
    logGroups: ['ingest'],
    query: lines(
      'filter RejectedItems > 0 or ispresent(IngestRefusals)',
      'stats sum(RejectedItems) as rejected, sum(IngestRefusals) as refused by person, signal, reason',
      'sort rejected desc',
    ),
  },
  {
    name: 'exporters-that-repeat',
    logGroups: ['ingest'],
    query: lines(
      'filter ispresent(IngestRequests)',
      'stats sum(DuplicateBatches) as repeated, sum(IngestRequests) as requests, sum(IngestItems) as items by person, signal',
      'sort repeated desc',
    ),
  },
  {
    name: 'budgets-passed',
    logGroups: ['measure-budgets'],
    query: lines(
      'filter ispresent(BudgetUsedPercent)',
      'fields @timestamp, budget, scope, state, BudgetUsedPercent, used_micros / 1000000 as dollars, limit_micros / 1000000 as limit_dollars',
      'sort @timestamp desc',
    ),
  },
  {
    name: 'reconciliation-by-day',
    logGroups: ['reconcile-daily'],
    query: lines('filter ispresent(SilentPeople)', 'fields day, CoveragePercent, DriftPercent, SilentPeople, LostEvents', 'sort day desc'),
  },
];

function lines(...commands: string[]): string {
  return commands.join('\n| ');
}
