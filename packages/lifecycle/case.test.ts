import { CaseId } from '@gatehouse/core/ids';
import { describe, expect, it } from 'vitest';
import { caseIdOf, idFrom, statusAfter } from './case.ts';

const machine = 'arn:aws:states:eu-central-1:123456789012:execution:gatehouse-prod-offboarding';

describe('a case’s id', () => {
  it('is the execution’s name when Gatehouse gave it one', () => {
    const id = idFrom('left', 'per_1', 2);
    expect(CaseId.safeParse(id).success).toBe(true);
    expect(caseIdOf(`${machine}:${id}`)).toBe(id);
  });

  it('comes from the ARN when somebody started the execution in the console, the same for the same run', () => {
    const arn = `${machine}:3f1c9a52-0f6b-4e8e-9f0e-7d6c2f1b0a11`;
    expect(CaseId.safeParse(caseIdOf(arn)).success).toBe(true);
    expect(caseIdOf(arn)).toBe(caseIdOf(arn));
    expect(caseIdOf(arn)).not.toBe(caseIdOf(`${arn}2`));
  });

  it('differs by person and by generation, and joins no two words into one', () => {
    const ids = [idFrom('left', 'per_1', 2), idFrom('left', 'per_1', 3), idFrom('left', 'per_12'), idFrom('left', 'per_1', '2')];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a case’s status', () => {
  it('follows its phases, and a dry run never looks like a cut', () => {
    expect(statusAfter('planned', true)).toBeUndefined();
    expect(
      (['planned', 'cut', 'proven', 'unproven', 'restored', 'purging', 'purged'] as const).map((phase) => statusAfter(phase, false)),
    ).toEqual(['cutting', 'cut', 'proven', 'needs_human', undefined, 'purging', 'purging']);
  });
});
