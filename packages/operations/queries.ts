/** What operations' logs are asked again and again. Plain data. */
import type { SavedQuery } from '@gatehouse/contracts/saved-query';

export const savedQueries: readonly SavedQuery[] = [
  {
    name: 'What failed around Gatehouse',
    logGroups: ['watch-platform'],
    query: `fields @timestamp, group, service, stop_code, reason, job, job_state, machine, execution, execution_status
| filter ispresent(EcsServiceTrouble) or ispresent(EcsDeploymentsFailed) or ispresent(BackupsFailed) or ispresent(MachinesFailed)
| sort @timestamp desc
| limit 200`,
  },
  {
    name: 'Events that did nothing, and why',
    logGroups: ['watch-platform'],
    query: `filter message = "event does nothing"
| stats count(*) as events by because
| sort events desc`,
  },
  {
    name: 'Dollars of each day so far, and the age of the signing key',
    logGroups: ['take-stock'],
    query: `filter message = "stock taken"
| stats max(today_micros) / 1000000 as dollars, max(signing_key_days) as days by bin(1d)`,
  },
];
