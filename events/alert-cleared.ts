/** What an alarm told of is over. */
import { alertShape } from './alert-raised.ts';
import { fact } from './fact.ts';

export const alertCleared = fact('alert-cleared', 'operations', alertShape, {
  alarm: 'gatehouse-prod-access-refresh-reuse',
  severity: 'page',
  says: 'A refresh token was used again after its successor. The family is dead; find out whose machine it was.',
  runbook: 'docs/alarms.md#access-refresh-reuse',
  value: 0,
  threshold: 0,
  since: '2026-11-22T09:05:00.000Z',
});
