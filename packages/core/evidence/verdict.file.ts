/** `verify` and `view` on files of this machine: what to print, and the exit code. Calls nobody. */
import { readFileSync } from 'node:fs';
import { ok, type Result, refuse } from '../result.ts';
import { evidencePage } from './page.ts';
import { type File, judge, type Verdict } from './verdict.ts';
import { verifyPacket } from './verify.ts';

export interface Printed {
  code: 0 | 1;
  /** For standard output; when the code is 1, for standard error. */
  text: string;
}

export interface Wish {
  file: string;
  roots: readonly string[];
  kid: string | undefined;
  json: boolean;
}

export function verifyFile(wish: Wish): Printed {
  const verdict = verdictOn(wish);
  if (verdict.ok) return { code: 0, text: wish.json ? JSON.stringify(verdict.value.body, null, 2) : verdict.value.lines.join('\n') };
  const told = { verified: false, message: verdict.refusal };
  return { code: 1, text: wish.json ? JSON.stringify(told, null, 2) : verdict.refusal };
}

function verdictOn({ file, roots, kid }: Wish): Result<Verdict, string> {
  const read = readOne(file);
  if (!read.ok) return read;
  const others = readAll(roots);
  return others.ok ? judge(read.value, { roots: others.value, kid }) : others;
}

/** For auditors: a file that does not verify has no page. */
export function viewFile(file: string, kid: string | undefined): Printed {
  const read = readOne(file);
  if (!read.ok) return { code: 1, text: read.refusal };
  const checked = verifyPacket(read.value.text, kid);
  return checked.ok ? { code: 0, text: evidencePage(checked.value) } : { code: 1, text: `${file} does not verify. ${checked.refusal}` };
}

function readAll(names: readonly string[]): Result<File[], string> {
  const files: File[] = [];
  for (const name of names) {
    const read = readOne(name);
    if (!read.ok) return read;
    files.push(read.value);
  }
  return ok(files);
}

function readOne(name: string): Result<File, string> {
  try {
    return ok({ name, text: readFileSync(name, 'utf8') });
  } catch (error) {
    return refuse(`${name} cannot be read: ${why(error)}`);
  }
}

function why(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file.';
  if (code === 'EISDIR') return 'it is a directory.';
  if (code === 'EACCES') return 'you may not read it.';
  return error instanceof Error ? `${error.message}.` : String(error);
}
