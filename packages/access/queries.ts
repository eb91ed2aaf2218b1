/** What access's logs are asked again and again. Plain data. */
import type { SavedQuery } from '@gatehouse/contracts/saved-query';

export const savedQueries: readonly SavedQuery[] = [
  {
    name: 'Sign-ins refused, by reason and address',
    logGroups: ['token'],
    query: `filter message = "sign-in refused"
| stats count(*) as refused by grant, refusal.reason, source_ip
| sort refused desc
| limit 100`,
  },
  {
    name: 'Tokens issued, by person',
    logGroups: ['token'],
    query: `filter message = "token issued"
| stats count(*) as issued, latest(client) as client by person, grant
| sort issued desc
| limit 200`,
  },
];
