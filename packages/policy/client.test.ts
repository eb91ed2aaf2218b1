import { PolicyDocument } from '@gatehouse/rules/document';
import { samplePolicy } from '@gatehouse/rules/sample';
import { describe, expect, it } from 'vitest';
import { type Client, judge } from './client.ts';
import { countsByGroup, countsOf, rollOf } from './client-roll.ts';
import { heldIn, versionIn } from './settings.ts';

const sum = (letter: string) => `sha256:${letter.repeat(64)}`;
const reported = { sources: ['remote'], helper_state: 'none', client_version: '2.1.330', at: '2026-11-22T09:00:05.000Z' };
const client: Client = {
  person: 'per_a',
  session: 'ses_a',
  via: 'gateway',
  delivered: sum('b'),
  delivered_at: '2026-11-22T09:00:00.000Z',
  previous: sum('a'),
  held: sum('a'),
  client_version: '2.1.330',
  reported,
};
const expected = { checksum: sum('b'), min_version: '2.1.195' };

describe('a client', () => {
  it('is proven by a report of settings from the gateway, and holding what was delivered', () => {
    expect(judge(client, expected)).toEqual({ standing: 'proven', because: 'it reports settings from remote' });
    expect(judge({ ...client, held: sum('b') }, expected).standing).toBe('proven');
    expect(judge({ person: 'per_a', session: 'ses_a', reported: { ...reported, sources: ['file'] } }, expected).standing).toBe('proven');
  });

  it.each([
    ['drifted', 'holds what was never delivered', { held: sum('f') }],
    ['drifted', 'was served by the gateway and names another source', { reported: { ...reported, sources: ['file'] } }],
    [
      'drifted',
      'works on for hours under what is no longer in force',
      { delivered: sum('c'), reported: { ...reported, at: '2026-11-22T12:00:00.000Z' } },
    ],
    ['unmanaged', 'reports no source at all', { reported: { ...reported, sources: [] } }],
    ['outdated', 'is below the version that the policy asks for', { reported: { ...reported, client_version: '2.1.100' } }],
    [
      'outdated',
      'called itself an old version when it asked',
      { client_version: '2.1.100', reported: { ...reported, client_version: '' } },
    ],
    ['unproven', 'has reported nothing', { reported: undefined }],
    ['proven', 'holds the policy of a moment ago and has just asked', { delivered: sum('c') }],
  ] as const)('is %s when it %s', (standing, _, change) => {
    expect(judge({ ...client, ...change } as Client, expected).standing).toBe(standing);
  });

  it('is managed by its helper alone when that worked', () => {
    const helped: Client = { ...client, via: 'helper', reported: { ...reported, sources: [], helper_state: 'ok' } };
    expect(judge(helped, expected).standing).toBe('proven');
    expect(judge({ ...helped, reported: { ...reported, sources: [], helper_state: 'failed' } }, expected).standing).toBe('unmanaged');
  });
});

describe('what a client says of itself when it asks', () => {
  it('is read where it is ours to read', () => {
    expect([
      versionIn('claude-code/2.1.330'),
      versionIn('claude-cli/2.1.330 (external, sdk-cli)'),
      versionIn('curl/8'),
      versionIn(undefined),
    ]).toEqual(['2.1.330', '2.1.330', undefined, undefined]);
    expect([heldIn(`W/"${sum('a')}"`), heldIn('"other"'), heldIn('*'), heldIn(undefined)]).toEqual([
      sum('a'),
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('the roll of clients', () => {
  const document = PolicyDocument.parse(samplePolicy);
  const people = [
    { id: 'per_a', email: 'a@example.com', groups: ['engineering', 'unnamed'] },
    { id: 'per_b', email: 'b@example.com', groups: ['contractors'] },
    { id: 'per_c', email: 'c@example.com', groups: [] },
  ];
  const clients = [
    client,
    { ...client, person: 'per_b', held: sum('f') },
    { ...client, person: 'per_c' },
    { ...client, person: 'per_gone' },
  ];

  it('leaves out people who are gone or refused, and counts the others by the groups that the policy names', () => {
    const roll = rollOf(clients, people, { document, publicUrl: 'https://gatehouse.example.com' });
    expect(roll.map(({ person, standing }) => [person.id, standing])).toEqual([
      ['per_a', 'proven'],
      ['per_b', 'drifted'],
    ]);
    expect(countsOf(roll)).toEqual({ drifted: 1, unmanaged: 0, outdated: 0, unproven: 0, proven: 1 });
    expect(countsByGroup(roll, document, 20)).toMatchObject([
      { group: 'engineering', counts: { proven: 1, drifted: 0 } },
      { group: 'contractors', counts: { drifted: 1 } },
    ]);
    expect(countsByGroup(roll, document, 1)).toHaveLength(1);
  });
});
