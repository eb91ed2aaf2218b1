/** SDK calls that any AWS answers alike: asked of the embedded stack here, of others as docs/embedded-stack.md says. */
import { afterAll, beforeAll } from 'vitest';
import { describeDynamoDb } from './suite/dynamodb.ts';
import { describeEvents } from './suite/events.ts';
import { describeBackups, describeClusters, describeFileSystems } from './suite/homes.ts';
import { describeKms, describeSecrets } from './suite/keys-and-secrets.ts';
import { describeQueues, describeTopics } from './suite/messages.ts';
import { describeCloudWatch, describeLogs } from './suite/monitoring.ts';
import { describeParameters, describeSchedules } from './suite/schedules.ts';
import { describeStates } from './suite/states.ts';
import { describeStorage } from './suite/storage.ts';
import { isAsked, openTarget, type Target } from './suite/target.ts';

let opened: Target;
beforeAll(async () => {
  opened = await openTarget();
});
afterAll(() => opened?.stop());

const parts = {
  dynamodb: describeDynamoDb,
  events: describeEvents,
  states: describeStates,
  kms: describeKms,
  secrets: describeSecrets,
  cloudwatch: describeCloudWatch,
  logs: describeLogs,
  s3: describeStorage,
  sqs: describeQueues,
  sns: describeTopics,
  scheduler: describeSchedules,
  ssm: describeParameters,
  efs: describeFileSystems,
  backup: describeBackups,
  ecs: describeClusters,
};
for (const [service, part] of Object.entries(parts)) if (isAsked(service)) part(() => opened);
