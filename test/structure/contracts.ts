/** The contracts as data: all steps, and all names that an error class gives itself. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { StepContract } from '@gatehouse/contracts/steps/step';
import type * as z from 'zod';
import { root } from '../support/sst-diff/environment.ts';

type AnyStep = StepContract<z.ZodType, z.ZodType>;

export const steps: readonly AnyStep[] = (
  await Promise.all(globSync('packages/contracts/steps/*.ts', { cwd: root }).map((file) => import(path.join(root, file))))
)
  .flatMap((module) => Object.values(module))
  .filter(isStep);

function isStep(value: unknown): value is AnyStep {
  return typeof value === 'object' && value !== null && 'owner' in value && 'idempotency' in value;
}

/** Machines match on these: a class writes its name as a literal, since a minifier renames classes. */
export const literalErrorNames: readonly string[] = globSync('packages/**/*.ts', {
  cwd: root,
  exclude: ['**/node_modules/**', 'packages/local/**'],
}).flatMap((file) =>
  [...readFileSync(path.join(root, file), 'utf8').matchAll(/override (?:readonly )?name = '(\w+)'/g)].map((match) => match[1] ?? ''),
);
