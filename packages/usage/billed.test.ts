import { describe, expect, it } from 'vitest';
import { addressIn, addUp, invocationOf, linesOfAnthropic, linesOfAnthropicCost, linesOfCostReport } from './billed.ts';

describe('a Cost and Usage Report', () => {
  const header =
    'identity_line_item_id,identity_time_interval,line_item_usage_start_date,line_item_product_code,line_item_unblended_cost,line_item_iam_principal';
  const row = 'a1,2026-11-20/2026-11-21,2026-11-20T05:00:00Z,AmazonBedrock,1.2500004,arn:aws:sts::1:assumed-role/Dev/Alice@example.com';
  it.each([
    ['by its new names', header, row],
    [
      'by its legacy names',
      'identity/LineItemId,identity/TimeInterval,lineItem/UsageStartDate,lineItem/ProductCode,lineItem/UnblendedCost,resourceTags/user:person_email',
      'a1,2026-11-20/2026-11-21,2026-11-20T05:00:00Z,AmazonBedrock,1.2500004,alice@example.com',
    ],
  ])('is read %s', (_, names, values) => {
    expect(linesOfCostReport(`${names}\r\n${values}\r\n`)).toEqual([
      { source: 'cur', day: '2026-11-20', email: 'alice@example.com', line: 'a1#2026-11-20/2026-11-21', amount_micros: 1_250_000 },
    ]);
  });
  it('loses what is of another product, costs nothing or has no day', () => {
    const other = [row.replace('AmazonBedrock', 'AmazonS3'), row.replace('1.2500004', '0'), row.replace('2026-11-20T05:00:00Z', '')];
    expect(linesOfCostReport([header, ...other].join('\n'))).toEqual([]);
  });
  it('keeps what names nobody', () => {
    expect(linesOfCostReport(`${header}\n${row.replace(/[^,]*$/, '"arn:aws:iam::1:role/Gateway"')}`)).toMatchObject([{ email: undefined }]);
  });
  it('that is no such file is told of', () => {
    expect(() => linesOfCostReport('a,b\n1,2')).toThrow('line_item_usage_start_date');
  });
});

describe('a record of Bedrock’s invocation log', () => {
  const record = {
    schemaType: 'ModelInvocationLog',
    timestamp: '2026-11-20T10:00:00Z',
    requestId: 'r-1',
    modelId: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    identity: { arn: 'arn:aws:sts::123456789012:assumed-role/ClaudeCode/alice@example.com' },
    input: { inputTokenCount: 10, cacheReadInputTokenCount: 20, cacheWriteInputTokenCount: 30 },
    output: { outputTokenCount: 5, outputBodyJson: [{ message: { usage: { cache_creation: { ephemeral_1h_input_tokens: 12 } } } }] },
  };
  it('says who used what, with both lifetimes of the cache', () => {
    expect(invocationOf(JSON.stringify(record))).toEqual({
      requestId: 'r-1',
      at: Date.UTC(2026, 10, 20, 10),
      model: record.modelId,
      email: 'alice@example.com',
      tokens: { input: 10, output: 5, cache_read: 20, cache_write_5m: 18, cache_write_1h: 12 },
    });
  });
  it.each([
    ['it failed', { ...record, errorCode: 'ThrottlingException' }],
    ['it has no time', { ...record, timestamp: 'then' }],
    ['it is something else', { hello: 1 }],
  ])('is passed over when %s', (_, other) => {
    expect(invocationOf(JSON.stringify(other))).toBeUndefined();
  });
  it('is passed over when it is no JSON', () => {
    expect(invocationOf('START RequestId')).toBeUndefined();
  });
});

it('Anthropic’s report is read in cents, by actor, terminal and model, page by page', () => {
  const model_breakdown = [{ model: 'claude-opus-4-8', estimated_cost: { amount: 12.5, currency: 'USD' } }];
  const page = {
    data: [{ actor: { type: 'user_actor', email_address: 'A@example.com' }, model_breakdown }],
    has_more: true,
    next_page: 'p2',
  };
  const { lines, next } = linesOfAnthropic(page, '2026-11-20');
  expect([lines, next]).toMatchObject([[{ email: 'a@example.com', amount_micros: 125_000, source: 'anthropic' }], 'p2']);
});

it.each([
  ['arn:aws:sts::1:assumed-role/R/x@y.example', 'x@y.example'],
  ['arn:aws:iam::1:user/x', undefined],
  ['X@Y.example', 'x@y.example'],
])('the address in %s is %s', (principal, email) => {
  expect(addressIn(principal)).toBe(email);
});

it('the cost report of Anthropic is nobody’s, in cents with fractions, by what it is for', () => {
  const result = { currency: 'USD', amount: '123.78912', workspace_id: null, description: 'Claude Opus 4.8 Usage - Input Tokens' };
  const day = { starting_at: '2026-11-20T00:00:00Z', ending_at: '2026-11-21T00:00:00Z', results: [result, { ...result, amount: 'n/a' }] };
  expect(linesOfAnthropicCost({ data: [day], has_more: true, next_page: 'p' }, '2026-11-20')).toEqual({
    lines: [{ source: 'anthropic-cost', day: '2026-11-20', email: undefined, line: expect.any(String), amount_micros: 1_237_891 }],
    next: 'p',
  });
});

it('lines of one name are one line with their sum', () => {
  const line = { source: 'anthropic' as const, day: '2026-11-20', email: 'a@example.com', line: 'x', amount_micros: 1 };
  expect(addUp([line, { ...line, line: 'y' }, { ...line, amount_micros: 2 }])).toEqual([
    { ...line, amount_micros: 3 },
    { ...line, line: 'y' },
  ]);
});
