import { describe, expect, it } from 'vitest';
import { readCommandLine } from './command-line.ts';
import { verbs } from './verbs.ts';

const read = (...argv: string[]) => readCommandLine(argv, verbs);

describe('the command line', () => {
  it('is a command, its words and its flags, in any order', () => {
    expect(read('policy', 'publish', '--reason', 'because', 'file.yaml', '--if-version=3', '--json')).toEqual({
      ok: true,
      value: {
        command: { verb: 'policy publish', words: ['file.yaml'], flags: { reason: ['because'], 'if-version': ['3'], json: ['yes'] } },
      },
    });
    expect(read('policy', 'simulate', '-', '--person', 'a', '--person', 'b')).toMatchObject({
      value: { command: { words: ['-'], flags: { person: ['a', 'b'] } } },
    });
    expect(read('policy', 'diff', '1', '2')).toMatchObject({ value: { command: { words: ['1', '2'] } } });
  });

  it('says what there is when it is asked, or when nothing is said', () => {
    for (const argv of [[], ['--help'], ['help'], ['policy', '--help'], ['help', 'policy']]) {
      const asked = readCommandLine(argv, verbs);
      expect(asked).toMatchObject({ ok: true, value: { help: expect.stringContaining('policy publish FILE') } });
    }
    expect(read('policy', 'rollback', '--help')).toMatchObject({
      value: { help: expect.stringMatching(/gatehouse policy rollback VERSION[\s\S]*--reason TEXT/) },
    });
  });

  it.each([
    [['policy', 'destroy'], /There is no "policy destroy". There are: policy show/],
    [['fly'], /There is no "fly"/],
    [['policy', 'publish'], /Write: gatehouse policy publish FILE/],
    [['policy', 'rollback', '1', '2'], /one word too many/],
    [['policy', 'show', '--verison', '3'], /knows no --verison; it knows --version/],
    [['policy', 'show', '--version'], /Write --version N/],
    [['policy', 'show', '--version', '--json'], /Write --version N/],
    [['policy', 'show', '--json=yes'], /--json takes no value/],
  ])('that reads %j is answered with what to write', (argv, sentence) => {
    expect(readCommandLine(argv, verbs)).toMatchObject({ ok: false, refusal: expect.stringMatching(sentence) });
  });
});
