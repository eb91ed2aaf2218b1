import { describe, expect, it } from 'vitest';
import type { MissingData } from './alarm.ts';
import { type Judged, judge, reason } from './verdict.ts';

const alarm: Judged = { evaluationPeriods: 3, threshold: 10, comparison: 'GreaterThanThreshold', missingData: 'missing' };
const treatments: readonly MissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];

/** `0 - X`: good, missing, breaching; the newest last, one minute each. */
function range(picture: string) {
  const values = picture.split(' ').map((sign) => ({ '0': 1, X: 99 })[sign]);
  return values.map((value, index) => ({ start: Date.UTC(2026, 2, 1, 12, index), value })).reverse();
}
function states(picture: string, over: Partial<Judged> = {}): string[] {
  return treatments.map((missingData) => judge({ ...alarm, ...over, missingData }, range(picture))?.state ?? 'retain');
}

describe('three of three, as AWS documents it', () => {
  it.each([
    ['0 - X - X', 'OK', 'OK', 'OK', 'OK'],
    ['- - - - 0', 'OK', 'OK', 'OK', 'OK'],
    ['- - - - -', 'INSUFFICIENT_DATA', 'retain', 'ALARM', 'OK'],
    ['0 X X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['- - X - -', 'ALARM', 'retain', 'ALARM', 'OK'],
  ])('%s is %s, %s, %s, %s', (picture, ...expected) => {
    expect(states(picture)).toEqual(expected);
  });

  it.each([['- - - - X'], ['- - - X -']])('%s does not alarm at once when missing data is missing', (picture) => {
    expect(states(picture)).toEqual(['retain', 'retain', 'ALARM', 'OK']);
  });
});

describe('two of three, as AWS documents it', () => {
  it.each([
    ['0 - X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['0 0 X 0 X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['0 - X - -', 'OK', 'OK', 'ALARM', 'OK'],
    ['- - - - 0', 'OK', 'OK', 'ALARM', 'OK'],
    ['- - - X -', 'ALARM', 'retain', 'ALARM', 'OK'],
  ])('%s is %s, %s, %s, %s', (picture, ...expected) => {
    expect(states(picture, { datapointsToAlarm: 2 })).toEqual(expected);
  });
});

describe('one of one', () => {
  it.each([
    ['- - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['X X 0', 'OK', 'OK', 'OK', 'OK'],
    ['X - -', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['- - -', 'INSUFFICIENT_DATA', 'retain', 'ALARM', 'OK'],
  ])('%s is %s, %s, %s, %s', (picture, ...expected) => {
    expect(states(picture, { evaluationPeriods: 1 })).toEqual(expected);
  });
});

describe('comparisons', () => {
  it.each([
    ['GreaterThanThreshold', [false, false, true]],
    ['GreaterThanOrEqualToThreshold', [false, true, true]],
    ['LessThanThreshold', [true, false, false]],
    ['LessThanOrEqualToThreshold', [true, true, false]],
  ] as const)('%s breaches at 9, 10, 11: %j', (comparison, expected) => {
    const found = [9, 10, 11].map(
      (value) => judge({ ...alarm, evaluationPeriods: 1, comparison }, [{ start: 0, value }])?.state === 'ALARM',
    );
    expect(found).toEqual(expected);
  });
});

describe('reasons, in the words of CloudWatch', () => {
  it.each<[string, Partial<Judged>, string]>([
    ['- - -', {}, 'Insufficient Data: 3 datapoints were unknown.'],
    ['- - -', { evaluationPeriods: 1 }, 'Insufficient Data: 1 datapoint was unknown.'],
    [
      '- - -',
      { evaluationPeriods: 1, missingData: 'notBreaching' },
      'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
    ],
    [
      '- - -',
      { evaluationPeriods: 2, missingData: 'breaching' },
      'Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].',
    ],
    ['- - X', { evaluationPeriods: 1 }, 'Threshold Crossed: 1 datapoint [99.0 (01/03/26 12:02:00)] was greater than the threshold (10.0).'],
    [
      '- - 0',
      { evaluationPeriods: 1 },
      'Threshold Crossed: 1 datapoint [1.0 (01/03/26 12:02:00)] was not greater than the threshold (10.0).',
    ],
    [
      'X X',
      { evaluationPeriods: 2 },
      'Threshold Crossed: 2 datapoints [99.0 (01/03/26 12:01:00), 99.0 (01/03/26 12:00:00)] were greater than the threshold (10.0).',
    ],
    [
      '0 - X',
      { datapointsToAlarm: 1, evaluationPeriods: 3, missingData: 'notBreaching' },
      'Threshold Crossed: 1 out of the last 3 datapoints [99.0 (01/03/26 12:02:00)] was greater than the threshold (10.0) and 1 missing datapoint was treated as [NonBreaching] (minimum 1 datapoint for OK -> ALARM transition).',
    ],
    [
      '0 0 X',
      { datapointsToAlarm: 2 },
      'Threshold Crossed: 2 out of the last 3 datapoints [1.0 (01/03/26 12:01:00), 1.0 (01/03/26 12:00:00)] were not greater than the threshold (10.0) (minimum 2 datapoints for ALARM -> OK transition).',
    ],
    [
      '- - 0',
      { datapointsToAlarm: 2, missingData: 'breaching' },
      'Threshold Crossed: 1 out of the last 3 datapoints [1.0 (01/03/26 12:02:00)] was not greater than the threshold (10.0) and 2 missing datapoints were treated as [Breaching] (minimum 2 datapoints for OK -> ALARM transition).',
    ],
  ])('%s with %j', (picture, over, sentence) => {
    const judged = { ...alarm, ...over };
    const verdict = judge(judged, range(picture));
    expect(verdict && reason(judged, verdict)).toBe(sentence);
  });
});
