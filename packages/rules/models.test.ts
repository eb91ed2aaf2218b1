/** Proves that a model cannot slip past a list by another spelling. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversModel, mayUse, modelName } from './models.ts';

describe('the name of a model', () => {
  it.each([
    ['claude-haiku-4-5', 'claude-haiku-4-5', undefined],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5', '20251001'],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5', '20251001'],
    ['global.anthropic.claude-opus-5-5', 'claude-opus-5-5', undefined],
    ['anthropic.claude-3-sonnet-20240229-v1:0:28k', 'claude-3-sonnet', '20240229'],
    ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8-v1:0', 'claude-opus-4-8', undefined],
    ['claude-haiku-4-5@20251001', 'claude-haiku-4-5', '20251001'],
    ['claude-opus-4-8[1m]', 'claude-opus-4-8', undefined],
    ['claude-opus-4-8-fast', 'claude-opus-4-8', undefined],
    ['claude-opus-4-8-fast[1m]', 'claude-opus-4-8', undefined],
    ['claude-opus-4-8-20260101-fast', 'claude-opus-4-8', '20260101'],
    ['bedrock/converse/us.anthropic.claude-opus-4-8', 'claude-opus-4-8', undefined],
    ['anthropic/claude-3.5-haiku', 'claude-3-5-haiku', undefined],
    ['Claude-Opus-4-8', 'claude-opus-4-8', undefined],
    ['claude-3-5-haiku-latest', 'claude-3-5-haiku', undefined],
    ['qwen3-coder:30b', 'qwen3-coder:30b', undefined],
  ])('reads %s as %s', (spelling, name, date) => {
    expect(modelName(spelling)).toEqual({ name, ...(date && { date }), opaque: false });
  });

  it('sees that an application inference profile hides its model', () => {
    expect(modelName('arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123').opaque).toBe(true);
  });
});

describe('a pattern', () => {
  it('covers a whole family, old names included', () => {
    expect(coversModel('haiku', 'us.anthropic.claude-haiku-4-5-20251001-v1:0')).toBe('yes');
    expect(coversModel('haiku', 'claude-3-5-haiku-20241022')).toBe('yes');
    expect(coversModel('haiku', 'claude-opus-4-8')).toBe('no');
  });

  it('covers later versions by prefix, at whole segments only', () => {
    expect(coversModel('claude-opus-4', 'claude-opus-4-8')).toBe('yes');
    expect(coversModel('opus-4', 'claude-opus-4-8')).toBe('yes');
    expect(coversModel('claude-opus-4', 'claude-opus-45')).toBe('no');
    expect(coversModel('op', 'claude-opus-4-8')).toBe('no');
  });

  it('does not let a family word reach models of others', () => {
    expect(coversModel('opus', 'my-opus-imitation')).toBe('no');
  });

  it('is undecided about an undated name when it names a snapshot', () => {
    expect(coversModel('claude-haiku-4-5-20251001', 'claude-haiku-4-5')).toBe('undated');
    expect(coversModel('claude-haiku-4-5-20251001', 'claude-haiku-4-5-20260101')).toBe('no');
  });
});

describe('the verdict', () => {
  it('lets nothing but the list pass', () => {
    expect(mayUse({ allow: ['haiku'], deny: [] }, 'claude-haiku-4-5')).toEqual({ allowed: true, because: 'allowed', pattern: 'haiku' });
    expect(mayUse({ allow: ['haiku'], deny: [] }, 'claude-opus-4-8')).toEqual({ allowed: false, because: 'not_listed' });
    expect(mayUse({ allow: [], deny: [] }, 'claude-haiku-4-5').allowed).toBe(false);
  });

  it('does not take an undated name for an allowed snapshot, but for a denied one', () => {
    expect(mayUse({ allow: ['claude-haiku-4-5-20251001'], deny: [] }, 'claude-haiku-4-5').allowed).toBe(false);
    expect(mayUse({ allow: ['*'], deny: ['claude-haiku-4-5-20251001'] }, 'claude-haiku-4-5').allowed).toBe(false);
  });

  it('refuses a name that hides its model when anything is denied, unless that very name is allowed', () => {
    const profile = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123';
    expect(mayUse({ allow: ['*'], deny: ['opus'] }, profile)).toEqual({ allowed: false, because: 'unrecognised' });
    expect(mayUse({ allow: [profile], deny: ['opus'] }, profile).allowed).toBe(true);
    expect(mayUse({ allow: ['haiku'], deny: [] }, profile).allowed).toBe(false);
  });

  it('denies in every spelling what is denied, whatever is allowed', () => {
    const spellings = fc
      .tuple(
        fc.constantFrom('', 'anthropic.', 'us.anthropic.', 'eu.anthropic.', 'global.anthropic.', 'bedrock/', 'anthropic/'),
        fc.constantFrom('', '-20260101', '@20260101'),
        fc.constantFrom('', '-v1:0', '-v2:0', '-fast'),
        fc.constantFrom('', '[1m]'),
        fc.boolean(),
      )
      .map(([prefix, date, mark, context, upper]) => {
        const spelling = `${prefix}claude-opus-4-8${date}${mark}${context}`;
        return upper ? spelling.toUpperCase() : spelling;
      });
    fc.assert(
      fc.property(
        spellings,
        fc.constantFrom('opus', 'claude-opus-4-8', 'claude-opus', 'opus-4', '*'),
        fc.option(fc.array(fc.constantFrom('*', 'opus', 'claude-opus-4-8', 'haiku')), { nil: undefined }),
        (spelling, denied, allow) => {
          expect(mayUse({ allow, deny: [denied] }, spelling)).toMatchObject({ allowed: false, because: 'denied' });
        },
      ),
    );
  });

  it('denies a family and a version behind any prefix and before any suffix', () => {
    const suffix = fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom('-', ':', '@', '.', '/', '~'), fc.string()).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.string(), suffix, fc.constantFrom('opus', 'claude-opus-4-8', 'claude-opus-4'), (before, after, denied) => {
        fc.pre(!/claude-/i.test(after));
        expect(mayUse({ allow: ['*'], deny: [denied] }, `${before}claude-opus-4-8${after}`).allowed).toBe(false);
      }),
    );
  });

  it('does not take a model of another maker for an allowed one because of its name', () => {
    expect(mayUse({ allow: ['haiku'], deny: [] }, 'not-claude-haiku-4-5').allowed).toBe(false);
    expect(mayUse({ allow: ['haiku'], deny: [] }, 'claude-haikus-4-5').allowed).toBe(false);
  });
});
