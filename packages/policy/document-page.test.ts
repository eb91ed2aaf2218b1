/** Proves that the page about policy says what is so: its examples parse, and it names every section, every call and every rendering. */
import { readFileSync } from 'node:fs';
import { Base, Match } from '@gatehouse/rules/document';
import { parseDocument } from '@gatehouse/rules/problems';
import { resolve } from '@gatehouse/rules/resolve';
import { describe, expect, it } from 'vitest';
import { explain } from './explain.ts';
import { surface } from './surface.ts';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
const [example = ''] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
const parsed = parseDocument(JSON.parse(example));
const bob = { person: 'per_01h00000000000000000000000', email: 'bob@example.com', groups: ['contractors'] };

describe('the page about policy', () => {
  it('shows a document that is one', () => {
    expect(parsed).toMatchObject({ ok: true });
  });

  it('uses and names every section and every way to match', () => {
    for (const section of [...Object.keys(Base.shape), ...Object.keys(Match.shape), 'administer', 'admit'])
      expect(page).toContain(`${section}`);
  });

  it('quotes an explanation as it is', () => {
    if (!parsed.ok) return expect.fail('the example is not a document');
    expect(resolve(parsed.value, bob).matched).toEqual(['contractors']);
    const { model } = explain(parsed.value, bob, { model: 'claude-opus-4-8' });
    expect(page).toContain(`"because": ${JSON.stringify(model?.because)}`);
    for (const change of model?.would_change.filter((text) => /platform-admins|adding/.test(text)) ?? [])
      expect(page).toContain(JSON.stringify(change));
  });

  it('names every route', () => {
    for (const { path } of surface.routes ?? [])
      expect(page).toContain(path.replace('/admin/policies/versions/{version}', '/versions/{version}').replace('{kind}', ''));
  });
});
