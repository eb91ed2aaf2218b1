/** What a request may cost before anybody knows: tokens from bytes. It bills nothing by itself. */
import { noTokens, type Tokens } from '@gatehouse/ledger/price';

/** English and code are about four bytes a token; the protocol's reference counts aborted answers the same way. */
const bytesPerToken = 4;
/** Clients ask for up to 128,000 and take a few hundred: holding the whole would refuse people who have plenty left. */
const likelyOutput = 4_096;

export function estimate(bodyBytes: number, maxTokens: number | undefined): Tokens {
  return { ...noTokens, input: tokensOf(bodyBytes), output: Math.min(maxTokens ?? likelyOutput, likelyOutput) };
}

export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}
