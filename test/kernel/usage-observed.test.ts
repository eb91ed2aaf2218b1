import { query, readPage } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyValues, logsBody, requestRecord } from '../../packages/usage/exporter.fixture.ts';
import { beat, heardPk, hearNumbers, sequencePk, tellSettings } from '../../packages/usage/observed.dynamo.ts';
import { encodeLogs } from '../../packages/usage/otlp/encode.fixture.ts';
import { readJson } from '../../packages/usage/otlp/json.ts';
import { readProtobuf } from '../../packages/usage/otlp/protobuf.ts';
import { startAws, type TestAws } from '../support/aws.ts';

let aws: TestAws;
let table: string;
beforeAll(async () => {
  aws = await startAws();
  table = await aws.table('usage');
});
afterAll(() => aws.close());

const at = Date.now();
const day = new Date(at).toISOString().slice(0, 10);
const heard = (...numbers: number[]) => numbers.map((sequence) => ({ session: 'a session', sequence, at }));

describe('what requests show beside spend', () => {
  it('is how many numbered events are missing, whatever order and repetition they come in', async () => {
    for (const numbers of [
      [0, 1, 2],
      [5, 9],
      [1, 2, 3],
      [9, 8],
    ])
      await hearNumbers(table, 'per_1', heard(...numbers));
    expect(await query(table, sequencePk(day))).toMatchObject([{ person: 'per_1', missing_events: 3 }]);
    await Promise.all([[4], [6], [7], [8, 5]].map((numbers) => hearNumbers(table, 'per_1', heard(...numbers))));
    expect(await query(table, sequencePk(day))).toMatchObject([{ person: 'per_1', missing_events: 0 }]);
  });

  it('is when a person was heard', async () => {
    await beat(table, 'per_2');
    await beat(table, 'per_2');
    expect(await query(table, heardPk(day))).toMatchObject([{ sk: 'per_2', first_at: expect.any(String) }]);
  });

  it.each(['json', 'protobuf'])('is which settings a client runs under, told once a session and content, from %s', async (encoding) => {
    const record = (trigger: string) => ({
      ...requestRecord({ at, sequence: 0, tokens: {} }),
      body: { stringValue: 'claude_code.managed_settings_resolved' },
      attributes: [
        ...keyValues({
          'event.name': 'managed_settings_resolved',
          'managed_settings.trigger': trigger,
          'managed_settings.helper.state': 'ok',
        }),
        { key: 'managed_settings.sources', value: { arrayValue: { values: [{ stringValue: 'remote' }, { stringValue: 'file' }] } } },
      ],
    });
    const body = logsBody([record('startup'), record('startup'), record('poll')]);
    const { settings } = encoding === 'json' ? readJson('logs', JSON.stringify(body)) : readProtobuf('logs', encodeLogs(body));
    const session = `ses_${encoding}`;
    for (const one of settings) await tellSettings(table, { person: 'per_3', session }, one);
    const { items } = await readPage(table, {
      FilterExpression: 'begins_with(pk, :outbox)',
      ExpressionAttributeValues: { ':outbox': 'OUTBOX#' },
    });
    const facts = items.map(({ detail }) => JSON.parse(String(detail))).filter((fact) => fact.session === session);
    expect(facts.map(({ trigger }) => trigger).sort()).toEqual(['poll', 'startup']);
    expect(facts[0]).toMatchObject({ person: 'per_3', sources: ['remote', 'file'], helper_state: 'ok' });
  });
});
