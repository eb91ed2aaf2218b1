/** Operations in AWS: exactly its surface, and the people who get every alarm by e-mail. */
import { surface } from '@gatehouse/operations/surface';
import { alerts } from './alerts.ts';
import { deploy } from './capability.ts';
import { profile } from './stage.ts';

deploy(surface);

for (const [index, endpoint] of profile.operations.emails.entries())
  new aws.sns.TopicSubscription(`AlertsTo${index + 1}`, { topic: alerts.arn, protocol: 'email', endpoint });
