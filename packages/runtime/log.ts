/** The log: JSON lines on stdout, exact where the wire is vague. Callers never hand it a token or a secret. */
import { Logger } from '@aws-lambda-powertools/logger';

export const log = new Logger({ serviceName: 'gatehouse' });
