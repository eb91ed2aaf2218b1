/** The rows of keys and aliases in their one durable file, and how a key is found by what a caller calls it. */
import type { Clock } from '../../clock.ts';
import { readDocument, writeDocument } from '../../durable-file.ts';
import { AwsError } from '../service.ts';
import { given } from './input.ts';
import { aliasArn, type Key, keyArn } from './key.ts';

export interface Alias {
  target: string;
  /** Epoch seconds. */
  created: number;
  updated: number;
}

export interface Rows {
  keys: Record<string, Key>;
  aliases: Record<string, Alias>;
}

export interface Keyring {
  rows: Rows;
  /** To be called after every change of a row. */
  save(): void;
  /** Epoch seconds, in stack time. */
  now(): number;
  alive(id: string): Key | undefined;
  byId(id: string): Key;
  aliasOf(name: string): Alias;
  find(keyId: string | undefined, aliases: 'or by alias' | 'not by alias'): Key;
}

/** `path` is the file, made when missing; without it the rows live in memory. */
export function openKeyring(options: { clock: Clock; path?: string }): Keyring {
  const { clock, path } = options;
  // The file is written only here, in this shape.
  const rows = ((path && readDocument(path)) ?? { keys: {}, aliases: {} }) as Rows;
  const now = () => clock.now() / 1000;

  function save(): void {
    if (path) writeDocument(path, rows);
  }
  /** A key whose deletion date is over does not exist, nor do its aliases. */
  function alive(id: string): Key | undefined {
    const key = Object.hasOwn(rows.keys, id) ? rows.keys[id] : undefined;
    if (key?.deletion === undefined || key.deletion > now()) return key;
    delete rows.keys[id];
    for (const [name, alias] of Object.entries(rows.aliases)) if (alias.target === id) delete rows.aliases[name];
    save();
    return undefined;
  }
  function byId(id: string): Key {
    const key = alive(id);
    if (!key) throw new AwsError('NotFoundException', `Key '${keyArn(id)}' does not exist`);
    return key;
  }
  function aliasOf(name: string): Alias {
    const alias = Object.hasOwn(rows.aliases, name) ? rows.aliases[name] : undefined;
    if (!alias || !alive(alias.target)) throw new AwsError('NotFoundException', `Alias ${aliasArn(name)} is not found.`);
    return alias;
  }
  /** A key by id or key ARN, and where KMS allows it by alias name or alias ARN. */
  function find(keyId: string | undefined, aliases: 'or by alias' | 'not by alias'): Key {
    const name = given(keyId, 'keyId').replace(/^arn:aws:kms:[^:]*:[^:]*:/, '');
    if (name.startsWith('alias/')) {
      if (aliases === 'or by alias') return byId(aliasOf(name).target);
      throw new AwsError('ValidationException', `An alias is not allowed here: name the key by its id or ARN instead of ${keyId}`);
    }
    const id = name.replace(/^key\//, '');
    if (!/^[\w-]+$/.test(id)) throw new AwsError('NotFoundException', `Invalid keyId '${keyId}'`);
    return byId(id);
  }
  return { rows, save, now, alive, byId, aliasOf, find };
}
