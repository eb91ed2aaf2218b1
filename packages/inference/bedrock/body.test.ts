import { listPrices } from '@gatehouse/ledger/price-book';
import { modelName } from '@gatehouse/rules/models';
import { describe, expect, it } from 'vitest';
import { betasIn, fromInvokeModel, toInvokeModel } from './body.ts';
import { bedrockError, exceptionOf, messagesError } from './errors.ts';
import { readMetricHeaders, readMetrics } from './metrics.ts';
import { bedrockModelId, invokePath } from './model-id.ts';

const request = { model: 'claude-haiku-4-5', stream: true, tags: { team: 'x' }, max_tokens: 5, messages: [], novelty: { a: 1 } };

describe('a request for Bedrock', () => {
  it('loses what InvokeModel has in its path or refuses, takes the betas into its body, and keeps what nobody knows', () => {
    expect(toInvokeModel(request, betasIn('a-2025-01-01, b-2025-01-01,,'))).toEqual({
      max_tokens: 5,
      messages: [],
      novelty: { a: 1 },
      anthropic_version: 'bedrock-2023-05-31',
      anthropic_beta: ['a-2025-01-01', 'b-2025-01-01'],
    });
    expect(toInvokeModel({ anthropic_beta: ['a'], anthropic_version: '2026-10-21' }, ['b', 'a'])).toEqual({
      anthropic_beta: ['a', 'b'],
      anthropic_version: '2026-10-21',
    });
    expect(toInvokeModel({}, [])).not.toHaveProperty('anthropic_beta');
  });

  it('comes back as the Messages request it was', () => {
    const { tags: _, ...kept } = request;
    expect(fromInvokeModel(toInvokeModel(request, ['a']), request.model, true)).toEqual({ body: kept, betas: ['a'] });
    expect(fromInvokeModel({ max_tokens: 1 }, 'm', false)).toEqual({ body: { max_tokens: 1, model: 'm' }, betas: [] });
  });
});

describe('a model’s name on Bedrock', () => {
  it('is made from every spelling of Anthropic’s, and leads back to the one that prices and rules use', () => {
    for (const { model } of listPrices.prices)
      for (const geography of ['us', 'eu', 'global', undefined])
        expect(modelName(bedrockModelId(model, geography)).name, model).toBe(model);
    expect(bedrockModelId('claude-haiku-4-5', 'us')).toBe('us.anthropic.claude-haiku-4-5-20251001-v1:0');
    expect(bedrockModelId('claude-opus-4-8[1m]', 'eu')).toBe('eu.anthropic.claude-opus-4-8');
    expect(bedrockModelId('claude-opus-4-6', undefined)).toBe('anthropic.claude-opus-4-6-v1');
  });

  it('stays as it is where it is Bedrock’s already', () => {
    const arn = 'arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc';
    for (const id of ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic.claude-opus-4-8', arn])
      expect(bedrockModelId(id, 'eu')).toBe(id);
    expect(invokePath(arn, true)).toBe(
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Aapplication-inference-profile%2Fabc/invoke-with-response-stream',
    );
    expect(invokePath('x', false)).toBe('/model/x/invoke');
  });
});

describe('Bedrock’s errors', () => {
  const said = (status: number, name: string | undefined, message = 'm') => {
    const { status: answered, type } = messagesError(status, name, JSON.stringify({ message }));
    return [answered, type];
  };

  it('keep their meaning in the words of the Messages API', () => {
    expect(said(429, 'ThrottlingException')).toEqual([429, 'rate_limit_error']);
    expect(said(429, 'ModelNotReadyException')).toEqual([529, 'overloaded_error']);
    expect(said(503, 'ServiceUnavailableException:http://internal.amazon.com/')).toEqual([529, 'overloaded_error']);
    expect(said(400, undefined)).toEqual([400, 'invalid_request_error']);
    expect(said(418, 'TeapotException')).toEqual([500, 'api_error']);
  });

  it('keep the sentence that clients look for, and hide ARNs and pages of HTML', () => {
    expect(messagesError(400, 'ValidationException', '{"message":"Input is too long for requested model."}').message).toBe(
      'Input is too long for requested model.',
    );
    expect(messagesError(403, 'AccessDeniedException', '{"Message":"User arn:aws:sts::1:assumed-role/r/s may not"}').message).toBe(
      'User (arn) may not',
    );
    expect(messagesError(500, undefined, '<html>').message).toBe('Bedrock did not say why');
  });

  it('are made from those of the Messages API for clients that speak Bedrock', () => {
    expect(bedrockError({ type: 'permission_error', message: 'm' })).toEqual({ status: 403, name: 'AccessDeniedException', message: 'm' });
    expect(bedrockError({ type: 'billing_error', message: 'm' })).toMatchObject({ status: 429, name: 'ThrottlingException' });
    expect(bedrockError({ type: 'request_too_large', message: 'm' })).toMatchObject({ status: 400, name: 'ValidationException' });
    expect(exceptionOf({ error: { type: 'overloaded_error', message: 'm' } })).toEqual({
      type: 'serviceUnavailableException',
      message: 'm',
    });
    expect(exceptionOf(undefined)).toEqual({ type: 'internalServerException', message: '' });
  });
});

describe('what Bedrock counted', () => {
  it('is read from the last event and from headers alike, and is nothing where a count is none', () => {
    const counted = { input: 12, output: 2, cacheRead: 3, cacheWrite: 0 };
    expect(readMetrics({ inputTokenCount: 12, outputTokenCount: 2, cacheReadInputTokenCount: 3 })).toEqual(counted);
    const headers: Record<string, string> = { input: '12', output: '2', 'cache-read-input': '3' };
    expect(readMetricHeaders((name) => headers[name.replace('x-amzn-bedrock-', '').replace('-token-count', '')])).toEqual(counted);
    for (const wrong of [
      undefined,
      null,
      'x',
      {},
      { inputTokenCount: -1, outputTokenCount: 2 },
      { inputTokenCount: 1.5, outputTokenCount: 2 },
    ])
      expect(readMetrics(wrong)).toBeUndefined();
  });
});
