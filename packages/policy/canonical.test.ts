/** Proves that a checksum depends on what is said and not on the order in which it is said. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, digest } from './canonical.ts';

describe('the checksum', () => {
  it('is the SHA-256 of JSON with sorted keys and no white space', () => {
    expect(canonical({ b: [1, { d: null, c: 'x' }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
    expect(digest({})).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });

  it('equals what a first-party gateway says of the same settings', () => {
    const settings = {
      permissions: { deny: ['Read(./.env)', 'WebFetch', 'Bash(curl *)'], disableBypassPermissionsMode: 'disable' },
      availableModels: ['claude-sonnet-4-6', 'claude-haiku-4-5'],
      enforceAvailableModels: true,
      env: {
        CLAUDE_CODE_ENABLE_TELEMETRY: '1',
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:18120',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1',
      },
    };
    expect(digest(settings)).toBe('sha256:72945992dc53cabb0fa33a17f911718f151181d792f71f2168dffb13d3c01559');
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(digest(reversed(value))).toBe(digest(value));
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
