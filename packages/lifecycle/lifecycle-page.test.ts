import { readFileSync } from 'node:fs';
import { CaseStatus } from '@gatehouse/contracts/records/case';
import { describe, expect, it } from 'vitest';
import { readStart } from './start.ts';
import { surface } from './surface.ts';

const page = readFileSync(new URL('../../docs/lifecycle.md', import.meta.url), 'utf8');

describe('the admins’ page', () => {
  it.each(CaseStatus.options)('says what %s means', (status) => {
    expect(page).toContain(`| \`${status}\` |`);
  });

  it('names the routes and the alarm as they are', () => {
    for (const { method, path } of surface.routes ?? []) expect(page).toContain(`\`${method} ${path}`);
    expect(surface.alarms?.map(({ name }) => name)).toContain('case-needs-human');
    expect(page).toContain('`case-needs-human`');
  });

  it('shows an input that works', () => {
    const [, input = ''] = /```json\n(.*?)\n```/s.exec(page) ?? [];
    expect(readStart(JSON.parse(input)).ok).toBe(true);
  });
});
