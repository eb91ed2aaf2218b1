import { describe, expect, it } from 'vitest';
import { errorType, isUnknownModel, meaningOf, unanswered, withoutArns } from './failover.ts';

describe("an upstream's answer", () => {
  it.each([
    [200, 'answer'],
    [400, 'answer'],
    [413, 'answer'],
    [401, 'credential'],
    [403, 'credential'],
    [404, 'elsewhere'],
    [408, 'elsewhere'],
    [429, 'elsewhere'],
    [500, 'elsewhere'],
    [529, 'elsewhere'],
  ])('of %i is %s', (status, meaning) => expect(meaningOf(status)).toBe(meaning));

  it("says in Bedrock's words that it does not have the model", () => {
    const words = '{"message":"The provided model identifier is invalid."}';
    expect([isUnknownModel(400, words), meaningOf(400, words)]).toEqual([true, 'elsewhere']);
    expect(isUnknownModel(400, '{"message":"max_tokens: Field required"}')).toBe(false);
  });
});

describe('an answer that nobody gave', () => {
  it.each(['credential', 'silent', 'unreachable', 'broken', 'garbage'] as const)('(%s) is no refusal of the person', (why) => {
    const { status, headers } = unanswered(why);
    expect([status >= 500, Object.keys(headers).length]).toEqual([true, 1]);
  });
});

describe('the words of an error', () => {
  it('have a type by their status where upstream gives none', () => {
    expect([400, 404, 418, 429, 503, 599].map(errorType)).toEqual([
      'invalid_request_error',
      'not_found_error',
      'invalid_request_error',
      'rate_limit_error',
      'overloaded_error',
      'api_error',
    ]);
  });

  it('name no resource of the company', () => {
    expect(withoutArns('role arn:aws:iam::123456789012:role/x, "arn:aws-us-gov:s3:::y"')).toBe('role (resource), "(resource)"');
  });
});
