/** What an upstream's answer means for the next tier, and which error the client is given when no tier is left. Sends nothing. */

/** `answer`: it is the client's; `elsewhere`: another tier may do better; `credential`: upstream refuses us, not the person. */
export type Meaning = 'answer' | 'elsewhere' | 'credential';

export function meaningOf(status: number, text = ''): Meaning {
  if (isUnknownModel(status, text)) return 'elsewhere';
  if (status === 401 || status === 403) return 'credential';
  // 529: overloaded.
  if (status === 408 || status === 429 || status >= 500) return 'elsewhere';
  return 'answer';
}

/** This tier does not have the model: Bedrock says so with 400, in these words. */
export function isUnknownModel(status: number, text: string): boolean {
  return status === 404 || (status === 400 && text.includes('The provided model identifier is invalid'));
}

export interface Fault {
  status: number;
  type: string;
  message: string;
  headers: Record<string, string>;
}

/** Nobody answered: what went wrong with the last tier that was tried. */
export function unanswered(why: 'unreachable' | 'silent' | 'broken' | 'garbage' | 'credential'): Fault {
  switch (why) {
    case 'credential':
      return {
        status: 500,
        type: 'api_error',
        message:
          "The model provider refused the gateway's own credential. Nothing is wrong with yours: the log tells an administrator more.",
        headers: { 'x-should-retry': 'false' },
      };
    case 'silent':
      return {
        status: 529,
        type: 'overloaded_error',
        message: 'The model provider did not begin to answer in time.',
        headers: { 'retry-after': '5' },
      };
    case 'unreachable':
    case 'broken':
      return {
        status: 529,
        type: 'overloaded_error',
        message: 'The model provider cannot be reached just now.',
        headers: { 'retry-after': '2' },
      };
    case 'garbage':
      return {
        status: 529,
        type: 'overloaded_error',
        message: 'The model provider answered with what is no answer.',
        headers: { 'retry-after': '2' },
      };
  }
}

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  404: 'not_found_error',
  413: 'request_too_large',
  424: 'api_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  529: 'overloaded_error',
};

/** The type of an error that upstream told without Anthropic's envelope. */
export function errorType(status: number): string {
  return types[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

/** What names the company's account is not for the reader of an error. */
export function withoutArns(message: string): string {
  return message.replace(/arn:aws[\w-]*:[^\s"',]+/g, '(resource)');
}
