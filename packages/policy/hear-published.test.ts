/** Proves who is told of after a publication, over real tables: once each, whatever is tried again. */
import { peopleIndex, person } from '@gatehouse/contracts/records/person';
import { policyPublished } from '@gatehouse/events/policy-published';
import { samplePolicy } from '@gatehouse/rules/sample';
import { put } from '@gatehouse/runtime/table';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { handler as hearPublished } from './hear-published.lambda.ts';
import { handler as publishPolicy } from './publish-policy.lambda.ts';
import { type Company, type SignedIn, startCompany } from './signed-in.fixture.ts';

let aws: TestAws;
let company: Company;
let alice: SignedIn;
let bob: SignedIn;
const [admins, contractors, engineering] = samplePolicy.policies;

beforeAll(async () => {
  aws = await startAws();
  company = await startCompany(aws);
  alice = await company.signIn('alice', ['engineering']);
  bob = await company.signIn('bob', ['contractors']);
  const gone = 'per_01h0000000000000000000gone';
  const row = { ...person.example, id: gone, status: 'left', groups: ['contractors'] };
  await put(company.tables.people, { ...person.key(gone), ...peopleIndex(gone), ...row });
  await publish(0, samplePolicy.policies);
  await publish(1, [admins, engineering]);
  await publish(2, [admins, contractors]);
});
afterAll(() => aws.close());

async function publish(if_version: number, policies: unknown): Promise<void> {
  const input = { document: { ...samplePolicy, policies }, author: 'deployment', reason: 'test', if_version };
  await publishPolicy(input as never, {} as never);
}
async function hear(version: number, id: string): Promise<void> {
  const detail = { ...policyPublished.example, id, version };
  await hearPublished({ source: policyPublished.source, 'detail-type': policyPublished.type, detail } as never, {} as never);
}
interface Told {
  person: string;
  admitted: boolean;
  version: number;
  wave: number;
}
async function told(): Promise<Told[]> {
  const { Items } = (await aws.dynamodb.call('Scan', { TableName: company.tables.policy })) as { Items: Record<string, { S: string }>[] };
  return Items.filter(({ type }) => type?.S === 'entitlement-changed').map(({ detail }) => JSON.parse(detail?.S ?? '') as Told);
}

describe('after a publication', () => {
  it('nobody is told of for the first version: nobody had anything before', async () => {
    await hear(1, 'evt_01h00000000000000000000001');
    expect(await told()).toEqual([]);
  });

  it('those who are admitted no longer are told of, and nobody who left', async () => {
    await hear(2, 'evt_01h00000000000000000000002');
    expect(await told()).toMatchObject([{ person: bob.id, admitted: false, version: 2, wave: 1 }]);
  });

  it('a second try tells of those alone whom the first did not reach', async () => {
    await hear(2, 'evt_01h0000000000000000000002b');
    expect(await told()).toHaveLength(1);
    const carl = await company.signIn('carl', ['contractors']);
    await hear(2, 'evt_01h0000000000000000000002c');
    expect((await told()).map((fact) => fact.person).sort()).toEqual([bob.id, carl.id].sort());
  });

  it('winning is told of like losing', async () => {
    await hear(3, 'evt_01h00000000000000000000003');
    const third = (await told()).filter(({ version }) => version === 3);
    expect(third.find((fact) => fact.person === bob.id)).toMatchObject({ admitted: true, wave: 3 });
    expect(third.find((fact) => fact.person === alice.id)).toMatchObject({ admitted: false });
  });
});
