/**
 * The index of the embedded S3: every bucket, version and upload in memory, and in one file of JSON lines that is appended to. A change is
 * kept when its call returns, whole or not at all, over a kill of the process; a power cut may take the last ones. It holds no body.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../../durable-file.ts';
import type { Bucket, Upload, Version } from './version.ts';

export interface Catalogue {
  /** By name. */
  buckets(): Bucket[];
  bucket(name: string): Bucket | undefined;
  keepBucket(bucket: Bucket): void;
  /** With everything in it. */
  dropBucket(name: string): void;
  /** In the order of their names; a key whose every version is gone is gone. */
  keys(bucket: string): readonly string[];
  /** Newest first. */
  versions(bucket: string, key: string): readonly Version[];
  /** Becomes the newest; a version of the same id goes in the same step. */
  add(bucket: string, version: Version): void;
  /** Takes the place of the version of the same id. */
  replace(bucket: string, version: Version): void;
  drop(bucket: string, key: string, id: string): void;
  uploads(): Upload[];
  upload(id: string): Upload | undefined;
  keepUpload(upload: Upload): void;
  /** The upload becomes this version, in one step. */
  complete(id: string, bucket: string, version: Version): void;
  dropUpload(id: string): void;
  /** Names of the bodies that something refers to. */
  bodies(): Set<string>;
  close(): void;
}

type Change =
  | { keep: Bucket }
  | { drop_bucket: string }
  | { add: Version; bucket: string; ended?: string }
  | { replace: Version; bucket: string }
  | { drop: string; id: string; bucket: string }
  | { upload: Upload }
  | { ended: string };

interface Shelf {
  bucket: Bucket;
  keys: Map<string, Version[]>;
  /** Undefined when a key came or went since. */
  sorted?: string[] | undefined;
}

/** The file is written anew once it holds so many lines more than twice what the last such writing left. */
const compactAfter = 4096;

export function openCatalogue(folder: string): Catalogue {
  const shelves = new Map<string, Shelf>();
  const uploads = new Map<string, Upload>();
  const file = join(folder, 'index.jsonl');
  mkdirSync(folder, { recursive: true });
  for (const change of changesIn(file)) apply(change);
  let lines = 0;
  let compactAt = 0;
  let handle = writeAnew();

  function apply(change: Change): void {
    if ('keep' in change) {
      const shelf = shelves.get(change.keep.name);
      if (shelf) shelf.bucket = change.keep;
      else shelves.set(change.keep.name, { bucket: change.keep, keys: new Map() });
    } else if ('drop_bucket' in change) shelves.delete(change.drop_bucket);
    else if ('add' in change) {
      put(change.bucket, change.add.key, (versions) => [change.add, ...versions.filter(({ id }) => id !== change.add.id)]);
      if (change.ended !== undefined) uploads.delete(change.ended);
    } else if ('replace' in change)
      put(change.bucket, change.replace.key, (versions) => versions.map((one) => (one.id === change.replace.id ? change.replace : one)));
    else if ('drop' in change) put(change.bucket, change.drop, (versions) => versions.filter(({ id }) => id !== change.id));
    else if ('upload' in change) uploads.set(change.upload.id, change.upload);
    else uploads.delete(change.ended);
  }
  function put(bucket: string, key: string, change: (versions: Version[]) => Version[]): void {
    const shelf = shelves.get(bucket);
    if (!shelf) return;
    const before = shelf.keys.get(key);
    const after = change(before ?? []);
    if (!before || after.length === 0) shelf.sorted = undefined;
    if (after.length > 0) shelf.keys.set(key, after);
    else shelf.keys.delete(key);
  }
  function* all(): Iterable<Change> {
    for (const { bucket, keys } of shelves.values()) {
      yield { keep: bucket };
      for (const versions of keys.values()) for (const version of versions.toReversed()) yield { add: version, bucket: bucket.name };
    }
    for (const upload of uploads.values()) yield { upload };
  }
  function writeAnew(): number {
    const text = [...all()].map(lineOf);
    lines = text.length;
    compactAt = lines * 2 + compactAfter;
    writeFileSync(`${file}.next`, text.join(''), { mode: 0o600 });
    renameSync(`${file}.next`, file);
    return openSync(file, 'a');
  }
  function change(change: Change): void {
    writeSync(handle, lineOf(change));
    apply(change);
    lines++;
    if (lines < compactAt) return;
    closeSync(handle);
    handle = writeAnew();
  }
  return {
    buckets: () => [...shelves.values()].map(({ bucket }) => bucket).sort((a, b) => (a.name < b.name ? -1 : 1)),
    bucket: (name) => shelves.get(name)?.bucket,
    keepBucket: (keep) => change({ keep }),
    dropBucket: (name) => change({ drop_bucket: name }),
    keys(bucket) {
      const shelf = shelves.get(bucket);
      if (!shelf) return [];
      shelf.sorted ??= [...shelf.keys.keys()].sort();
      return shelf.sorted;
    },
    versions: (bucket, key) => shelves.get(bucket)?.keys.get(key) ?? [],
    add: (bucket, version) => change({ add: version, bucket }),
    replace: (bucket, version) => change({ replace: version, bucket }),
    drop: (bucket, key, id) => change({ drop: key, id, bucket }),
    uploads: () => [...uploads.values()],
    upload: (id) => uploads.get(id),
    keepUpload: (upload) => change({ upload }),
    complete: (id, bucket, version) => change({ add: version, bucket, ended: id }),
    dropUpload: (id) => change({ ended: id }),
    bodies() {
      const names = new Set<string>();
      for (const { keys } of shelves.values())
        for (const versions of keys.values()) for (const { content } of versions) if (content) names.add(content.body);
      for (const { parts } of uploads.values()) for (const { body } of Object.values(parts)) names.add(body);
      return names;
    },
    close: () => closeSync(handle),
  };
}

/** The newline comes first, so that what a killed process left half written spoils no line after it. */
function lineOf(change: Change): string {
  return `\n${JSON.stringify(change)}`;
}

function changesIn(file: string): Change[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Change];
    } catch {
      return [];
    }
  });
}
