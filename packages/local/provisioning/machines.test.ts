import { describe, expect, it } from 'vitest';
import { fillPlaceholders } from './machines.ts';

const owners = new Map([
  ['cut-sessions', 'arn:cut'],
  ['close-case', 'arn:close'],
]);

describe('the placeholders of a machine', () => {
  it('are filled by the ARNs of the steps that their names mean', () => {
    expect(fillPlaceholders('{"a": "${CutSessions}", "b": "${CloseCase}"}', ['cut-sessions', 'close-case'], owners, 'file')).toBe(
      '{"a": "arn:cut", "b": "arn:close"}',
    );
  });
  it('that no step stands for stop the start', () => {
    expect(() => fillPlaceholders('${CutSessions} ${Unheard}', ['cut-sessions'], owners, 'file')).toThrow(
      '${Unheard} is no step of the machine',
    );
  });
  it('that nobody does stop the start', () => {
    expect(() => fillPlaceholders('${PurgeAll}', ['purge-all'], owners, 'file')).toThrow('nobody does it');
  });
  it('that a surface lists in vain stop the start', () => {
    expect(() => fillPlaceholders('${CutSessions}', ['cut-sessions', 'close-case'], owners, 'file')).toThrow('never uses close-case');
  });
});
