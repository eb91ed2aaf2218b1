/** Reads `process.env` once, through an entry's own schema. `CONFIG` and other JSON members are parsed by `json`. */
import * as z from 'zod';
import { Misconfigured } from './fault.ts';

/** A variable that carries JSON of the given schema. */
export function json<S extends z.ZodType>(schema: S) {
  return z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** What is parsed seldom is not worth the code that zod would make to parse it faster. */
export const once = { jitless: true };

export function readEnv<S extends z.ZodType>(schema: S): z.infer<S> {
  const parsed = schema.safeParse(process.env, once);
  if (parsed.success) return parsed.data;
  throw new Misconfigured(`This function's environment is not what it needs: ${z.prettifyError(parsed.error)}`);
}
