import { describe, expect, it } from 'vitest';
import type { BusEvent } from './delivery.ts';
import { checkTargetInput, payloadOf, type TargetInput } from './target-input.ts';

const event: BusEvent = {
  version: '0',
  id: '1',
  'detail-type': 'Something',
  source: 'own',
  account: '000000000000',
  time: '2026-03-01T12:00:00Z',
  region: 'us-east-1',
  resources: ['a', 'b'],
  detail: { name: 'Ann "the" \\ boss', count: 3, list: [{ x: 1 }], none: null },
};
const ruleArn = 'arn:aws:events:us-east-1:000000000000:rule/bus/hear';
const payload = (input: TargetInput) => payloadOf({ event, ruleArn, target: { Id: 'one', Arn: 'arn:aws:lambda:x', ...input } });
const transform = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) =>
  payload({ InputTransformer: { InputPathsMap, InputTemplate } });
const paths = { name: '$.detail.name', count: '$.detail.count', first: '$.detail.list[0]', missing: '$.detail.other' };

describe('a target', () => {
  it('receives the whole event, its own input, or a part', () => {
    expect(payload({})).toBe(event);
    expect(payload({ Input: '{"fixed": true}' })).toEqual({ fixed: true });
    expect(payload({ InputPath: '$.detail.list' })).toEqual([{ x: 1 }]);
  });

  it.each([
    ['values of JSON', '{"n": <count>, "who": <name>, "of": <first>}', { n: 3, who: 'Ann "the" \\ boss', of: { x: 1 } }],
    ['text with values in it', '"<name> has <count>"', 'Ann "the" \\ boss has 3'],
    ['text inside of JSON', '{"say": "<name> has <count> of <first>"}', { say: 'Ann "the" \\ boss has 3 of {"x":1}' }],
    ['nothing for what is missing', '{"say": "[<missing>]", "value": <missing>}', { say: '[]', value: '' }],
    ['the rule', '{"rule": "<aws.events.rule-name>", "arn": <aws.events.rule-arn>}', { rule: 'hear', arn: ruleArn }],
    ['the event', '{"all": <aws.events.event.json>}', { all: event }],
  ])('receives from a transformer %s', (_what, template, expected) => {
    expect(transform(template, paths)).toEqual(expected);
  });

  it('receives the envelope without the detail when that is asked', () => {
    const { detail: _detail, ...envelope } = event;
    expect(transform('<aws.events.event>')).toEqual(envelope);
  });

  it.each<[string, TargetInput, string]>([
    ['two at once', { Input: '{}', InputPath: '$.detail' }, 'Only one of'],
    ['an input that is no JSON', { Input: '{' }, 'JSON syntax error'],
    ['a path of another kind', { InputPath: '$..detail' }, 'InputPath'],
    ['a name that nothing fills', { InputTransformer: { InputTemplate: '{"a": <b>}' } }, 'contains placeholder b'],
    ['a template that makes no JSON', { InputTransformer: { InputTemplate: 'hello' } }, 'is not JSON'],
    ['no template', { InputTransformer: { InputTemplate: '' } }, 'template of 1 to'],
  ])('is refused with %s', (_what, input, words) => {
    expect(() => checkTargetInput(input, 'one')).toThrow(words);
  });
});
