/** DynamoDB's writes and transactions against a plain map, in a hundred thousand groups. */
import { expect, it } from 'vitest';
import { compareTransactions } from '../conformance/transactions.ts';

it('commits as a plain map would in 100,000 groups of concurrent operations', async () => {
  const compared = await compareTransactions(100_000, Number(process.env.SEED ?? 7), (done) => {
    if (done % 10_000 === 0) console.log(`${done} groups alike`);
  });
  console.log(compared);
  expect(compared.groups).toBe(100_000);
});
