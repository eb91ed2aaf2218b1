/** Why the gateway itself ends an answer that is already under way, and the error event that says so. */

export type Ending =
  | { reason: 'deadline' }
  | { reason: 'cut' }
  | { reason: 'policy'; message: string }
  | { reason: 'budget'; message: string }
  | { reason: 'unknown' }
  | { reason: 'silent' }
  | { reason: 'broken' }
  | { reason: 'garbage' }
  /** Upstream's error, after the answer's head had to be sent. */
  | { reason: 'refused'; type: string; message: string };

export function errorOf(ending: Ending): { type: string; message: string } {
  switch (ending.reason) {
    case 'deadline':
      return {
        type: 'timeout_error',
        message: 'The answer took 14 minutes and 30 seconds, which is as long as the gateway lets one run: ask for less at once.',
      };
    case 'cut':
      return { type: 'authentication_error', message: 'Your access to the gateway ended while the answer was coming.' };
    case 'policy':
      return { type: 'permission_error', message: ending.message };
    case 'budget':
      return { type: 'billing_error', message: ending.message };
    case 'unknown':
      return { type: 'overloaded_error', message: 'The gateway cannot tell just now whether you still may use it: try again.' };
    case 'silent':
      return { type: 'overloaded_error', message: 'The model provider went silent in the middle of its answer.' };
    case 'broken':
      return { type: 'overloaded_error', message: 'The model provider broke off in the middle of its answer.' };
    case 'refused':
      return { type: ending.type, message: ending.message };
    case 'garbage':
      return { type: 'api_error', message: 'The model provider answered with what is no answer.' };
  }
}
