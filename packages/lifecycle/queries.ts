/** What lifecycle's logs are asked again and again. Plain data. */
import type { SavedQuery } from '@gatehouse/contracts/saved-query';

export const savedQueries: readonly SavedQuery[] = [
  {
    name: 'Who is leaving, and who said so',
    logGroups: ['hear-left'],
    query: `fields @timestamp, person, trigger, cause, execution_arn
| filter message = "offboarding started"
| sort @timestamp desc
| limit 200`,
  },
  {
    name: 'Joiners who got nothing, and why',
    logGroups: ['hear-joined'],
    query: `fields @timestamp, person, reason
| filter message in ["joining does nothing", "joiner left to an admin"]
| sort @timestamp desc
| limit 200`,
  },
  {
    name: 'Milliseconds to the cut, by what told of it',
    logGroups: ['seal-evidence'],
    query: `filter ispresent(TimeToCut)
| stats max(TimeToCut) as slowest, avg(TimeToCut) as usual, count(*) as cuts by trigger, bin(1d)`,
  },
];
