/** What Bedrock's CountTokens is asked: the base64 of an InvokeModel body inside of another body. Counts nothing. */
import { type Result, refuse } from '@gatehouse/core/result';
import * as z from 'zod';
import { type Ask, type BadAsk, readAsk } from '../ask.ts';

const CountRequest = z.object({ input: z.object({ invokeModel: z.object({ body: z.base64() }) }) });

/** @param id the model of the path. The ask's body is that of InvokeModel. */
export function readCountRequest(bytes: Buffer, id: string): Result<Ask, BadAsk> {
  const outer = readAsk(bytes, { model: id, stream: false });
  if (!outer.ok) return outer;
  const parsed = CountRequest.safeParse(outer.value.body);
  if (!parsed.success) return refuse({ reason: 'not_json', detail: 'input.invokeModel.body is the base64 of an InvokeModel body' });
  return readAsk(Buffer.from(parsed.data.input.invokeModel.body, 'base64'), { model: id, stream: false });
}
