/** What a record is: a row that one capability writes and others may read. The key layout lives in the record's file and nowhere else. */
import type * as z from 'zod';
import type { Capability } from '../surface.ts';

export interface Key {
  pk: string;
  sk: string;
}

export interface RecordContract<S extends z.ZodType, K extends (...parts: never[]) => Key> {
  name: string;
  /** Sole writer; the row is in this capability's table. */
  writer: Capability;
  readers: readonly Capability[];
  /** `dynamodb:LeadingKeys` patterns that cover the record. */
  leadingKeys: readonly string[];
  key: K;
  schema: S;
  example: z.infer<S>;
  consistency: 'strong' | 'eventual';
  /** What a reader answers when the table is away. */
  away: string;
  /** What a dump of these rows would reveal. */
  reveals: string;
}

export function record<S extends z.ZodType, K extends (...parts: never[]) => Key>(contract: RecordContract<S, K>): RecordContract<S, K> {
  return contract;
}
