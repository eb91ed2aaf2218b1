/** Reads a stage's profile: `profiles/<stage>.yaml`, checked before anything is declared; every mistake is told at once. Declares no resource. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Profile } from '@gatehouse/core/profile';
import { mistakesOf, readYaml } from './profile-mistakes.ts';

/** Where profiles are, from the repository's root: `stacks/profiles`, or what GATEHOUSE_PROFILES names, as a private repository beside this one. */
export function profilesFolder(): string {
  return process.env.GATEHOUSE_PROFILES || 'stacks/profiles';
}

/** @param root the repository's folder. Throws one error that lists every mistake. */
export function profileOf(stage: string, root = process.cwd()): Profile {
  if (!/^[a-z][a-z0-9-]*$/.test(stage))
    throw new Error(
      `"${stage}" is no name of a stage: lower-case letters, digits and dashes, a letter first, as the file is called without .yaml`,
    );
  const folder = profilesFolder();
  const file = path.join(folder, `${stage}.yaml`);
  if (!existsSync(path.resolve(root, file))) {
    const there = globSync('*.yaml', { cwd: path.resolve(root, folder) }).map((name) => path.basename(name, '.yaml'));
    throw new Error(`There is no ${file}: copy one of ${there.sort().join(', ')} to it, and write the company's own values`);
  }
  return readProfile(file, readFileSync(path.resolve(root, file), 'utf8'));
}

/** @param name how the error calls the file. Throws one error that lists every mistake, each with its line. */
export function readProfile(name: string, text: string): Profile {
  const written = readYaml(name, text);
  const parsed = Profile.safeParse(written.value);
  if (parsed.success) return parsed.data;
  throw new Error(mistakesOf(name, written, parsed.error.issues, Profile).join('\n'));
}

/** Whether a profile still names the examples' addresses. */
export function isExample(profile: Profile): boolean {
  return /\bexample\.(?:[a-z]+\.)?com\b/.test(JSON.stringify(profile));
}
