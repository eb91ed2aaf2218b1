/** DynamoDB's writes and transactions against a plain map. */
import { expect, it } from 'vitest';
import { compareTransactions } from './transactions.ts';

it('commits whole transactions in one order, each as a plain map would, in 2,000 groups of concurrent operations', async () => {
  const { groups, committed, refused, transactions } = await compareTransactions(2000, 20_261_122);
  expect(groups).toBe(2000);
  for (const each of [committed, refused, transactions]) expect(each).toBeGreaterThan(1000);
});
