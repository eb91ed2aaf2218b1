/** The saved queries of all capabilities, as CloudWatch Logs Insights keeps them. */
import { savedQueries as access } from '@gatehouse/access/queries';
import { app, functionName } from '@gatehouse/contracts/names';
import type { SavedQuery } from '@gatehouse/contracts/saved-query';
import type { Capability } from '@gatehouse/contracts/surface';
import { savedQueries as lifecycle } from '@gatehouse/lifecycle/queries';
import { savedQueries as operations } from '@gatehouse/operations/queries';
import { savedQueries as usage } from '@gatehouse/usage/queries';
import { functionOf } from './capability.ts';
import { pascal, stage } from './stage.ts';

const all: readonly (readonly [Capability, readonly SavedQuery[]])[] = [
  ['access', access],
  ['lifecycle', lifecycle],
  ['operations', operations],
  ['usage', usage],
];

for (const [capability, queries] of all)
  for (const [index, { name, logGroups, query }] of queries.entries())
    new aws.cloudwatch.QueryDefinition(pascal(capability, `query${index + 1}`), {
      // A slash makes a folder of the console.
      name: `${app}-${stage}/${capability}/${name}`,
      logGroupNames: logGroups.map((entry) => {
        functionOf(capability, entry);
        return `/aws/lambda/${functionName(stage, capability, entry)}`;
      }),
      queryString: query,
    });
