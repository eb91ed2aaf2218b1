/** SDK calls that any AWS answers alike: asked of the embedded stack here, of others as docs/embedded-stack.md says. */
import { afterAll, beforeAll } from 'vitest';
import { describeDynamoDb } from './suite/dynamodb.ts';
import { describeEvents } from './suite/events.ts';
import { describeKms, describeSecrets } from './suite/keys-and-secrets.ts';
import { describeCloudWatch, describeLogs } from './suite/monitoring.ts';
import { describeStates } from './suite/states.ts';
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
};
for (const [service, part] of Object.entries(parts)) if (isAsked(service)) part(() => opened);
