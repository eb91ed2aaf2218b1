/** What the stacks refuse to grant, whatever a surface says. */
import type { Entry, Surface } from '@gatehouse/contracts/surface';
import { describe, expect, it } from 'vitest';
import { openApiOf } from '../../stacks/resources/openapi.ts';
import { namedStatements } from '../../stacks/resources/permission.ts';

const entry: Entry = { handler: 'packages/people/admin.lambda.handler', timeoutSeconds: 10, memoryMb: 512 };
const surface: Surface = { capability: 'people', table: true, entries: { admin: entry } };
const powerOf = (more: Partial<Entry>) =>
  namedStatements('bundled', surface, { ...entry, ...more }, (service, rest) => `${service}:${rest}`);

describe('the stacks', () => {
  it("refuse another capability's table without its rows", () => {
    expect(() => powerOf({ tables: [{ capability: 'access', actions: ['dynamodb:GetItem'] }] })).toThrow('without leadingKeys');
    expect(() => powerOf({ tables: [{ capability: 'access', actions: ['dynamodb:GetItem'], leadingKeys: [] }] })).toThrow(
      'without leadingKeys',
    );
  });

  it('refuse a Scan that keys are said to bound', () => {
    expect(() => powerOf({ tables: [{ capability: 'access', actions: ['dynamodb:Scan'], leadingKeys: ['GATE#*'] }] })).toThrow('Scan');
  });

  it('refuse a call of a step that nobody offers', () => {
    expect(() => powerOf({ calls: ['fly'] })).toThrow('No surface offers the step "fly"');
  });

  it('grant the index only to who queries', () => {
    expect(powerOf({ tables: [{ capability: 'people', actions: ['dynamodb:GetItem'] }] })).toEqual([
      { actions: ['dynamodb:GetItem'], resources: ['dynamodb:table/gatehouse-bundled-people'] },
    ]);
    expect(powerOf({ tables: [{ capability: 'people', actions: ['dynamodb:Query'] }] })[0]?.resources).toEqual([
      'dynamodb:table/gatehouse-bundled-people',
      'dynamodb:table/gatehouse-bundled-people/index/gsi1',
    ]);
  });

  it('grant nothing to an entry that asks for nothing', () => {
    expect(powerOf({})).toEqual([]);
  });

  it('refuse two routes of one method and path', () => {
    const route = { name: 'people', method: 'GET', path: '/admin/people', entry: 'admin', admit: 'admin', capability: 'people' } as const;
    expect(() => openApiOf('api', [route, { ...route, capability: 'access' }], () => 'uri')).toThrow(
      'Two surfaces route GET /admin/people',
    );
  });
});
