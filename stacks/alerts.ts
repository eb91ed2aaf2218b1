/** Where every alarm speaks. Who listens is the operator's choice: subscribe to the topic. */
import { app } from '@gatehouse/contracts/names';
import { stage } from './stage.ts';

export const alerts = new aws.sns.Topic('Alerts', { name: `${app}-${stage}-alerts` });
