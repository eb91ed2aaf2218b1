/** The shape of every fact: what happened, past tense, ids and never e-mails or secrets. Source `gatehouse.<producer>`; at least once, in any order. */
import * as z from 'zod';

export type Producer = 'people' | 'access' | 'policy' | 'usage' | 'inference' | 'lifecycle' | 'workspaces' | 'operations';

const base = {
  id: z.string().regex(/^evt_[0-9a-z]{26}$/),
  /** RFC 3339, UTC. */
  at: z.iso.datetime(),
  person: z.string().optional(),
  /** Counts a person's comings and goings; older generations are history. */
  generation: z.int().nonnegative().optional(),
  /** The id of the event or case that led to this fact. */
  cause: z.string().optional(),
};

/** One file a fact: detail-type (= file name), producer, schema of the detail, an example that parses. */
export function fact<const T extends string, S extends z.ZodRawShape>(
  type: T,
  producer: Producer,
  shape: S,
  example: Record<string, unknown>,
) {
  // A fact's own member takes the place of the base's: the type says what the spread does.
  const members = { ...base, ...shape } as Omit<typeof base, keyof S> & S;
  const schema = z.strictObject(members);
  return {
    type,
    producer,
    source: `gatehouse.${producer}`,
    schema,
    /** Parsed when somebody looks: a function that publishes the fact need not. */
    get example() {
      return schema.parse({ ...sample, ...example });
    },
  };
}

const sample = { id: 'evt_01h00000000000000000000000', at: '2026-11-22T09:00:00.000Z' };

/** The rule that selects a fact on the product bus. */
export function patternOf(fact: { type: string; source: string }): { source: string[]; 'detail-type': string[] } {
  return { source: [fact.source], 'detail-type': [fact.type] };
}

export type Detail<F extends { schema: z.ZodType }> = z.infer<F['schema']>;
