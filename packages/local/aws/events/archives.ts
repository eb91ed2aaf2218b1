/**
 * EventBridge archives: which events of a bus are kept, for how long, and what the control plane says of them. A bus puts into it; a
 * replay reads from it. Limits: an archive keeps at most 64 MB (the oldest events go first) and counts at once, where AWS's counts lag.
 */
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { readDocument, writeDocument } from '../../durable-file.ts';
import { AwsError, type AwsService, account, region } from '../service.ts';
import { type Archived, type ArchiveLog, openArchiveLog } from './archive-log.ts';
import { type Buses, parsePattern } from './buses.ts';
import type { BusEvent } from './delivery.ts';
import { checkName, paged } from './input.ts';
import { type CompiledPattern, type FlatEvent, matches } from './pattern.ts';

interface ArchiveRecord {
  ArchiveName: string;
  EventSourceArn: string;
  Description?: string;
  EventPattern?: string;
  /** 0: for ever. */
  RetentionDays: number;
  /** Milliseconds. */
  createdAt: number;
}
export interface Archive {
  record: ArchiveRecord;
  compiled: CompiledPattern | undefined;
  log: ArchiveLog;
}
export interface Archives {
  /** Keeps the event in every archive of the bus whose pattern it matches. Replayed events are never archived again. */
  keep(busArn: string, event: BusEvent, flat: FlatEvent): void;
  find(archiveArn: unknown): Archive | undefined;
  /** What is still kept of it, one part at a time. */
  read(archive: Archive): Iterable<readonly Archived[]>;
  operations: AwsService['operations'];
}

const dayMs = 24 * 3_600_000;
const namePattern = /^[.\-_A-Za-z0-9]{1,48}$/;

/** Without `folder` archives live as long as this process. */
export function createArchives(options: { clock: Clock; buses: Buses; folder?: string }): Archives {
  const { clock, buses, folder } = options;
  const archives = new Map<string, Archive>();
  const document = folder === undefined ? undefined : join(folder, 'archives.json');
  if (document) for (const record of (readDocument(document) as ArchiveRecord[] | undefined) ?? []) add(record);

  function add(record: ArchiveRecord): Archive {
    const archive: Archive = {
      record,
      compiled: record.EventPattern === undefined ? undefined : parsePattern(record.EventPattern),
      log:
        archives.get(record.ArchiveName)?.log ?? openArchiveLog(folder === undefined ? {} : { folder: join(folder, record.ArchiveName) }),
    };
    archives.set(record.ArchiveName, archive);
    return archive;
  }
  function save(): void {
    if (document)
      writeDocument(
        document,
        [...archives.values()].map(({ record }) => record),
      );
  }
  function get(name: unknown): Archive {
    const archive = archives.get(String(name));
    if (!archive) throw new AwsError('ResourceNotFoundException', `Archive ${name} does not exist.`);
    forget(archive);
    return archive;
  }
  const oldestMs = ({ record }: Archive) => (record.RetentionDays === 0 ? 0 : clock.now() - record.RetentionDays * dayMs);
  function forget(archive: Archive): void {
    archive.log.forget(oldestMs(archive));
  }

  const operations: AwsService['operations'] = {
    CreateArchive(input) {
      const ArchiveName = checkName('archiveName', input.ArchiveName, namePattern);
      if (archives.has(ArchiveName)) throw new AwsError('ResourceAlreadyExistsException', `Archive ${ArchiveName} already exists.`);
      const bus = buses.find(String(input.EventSourceArn));
      if (bus?.arn !== input.EventSourceArn)
        throw new AwsError('ResourceNotFoundException', `Event bus ${input.EventSourceArn} does not exist.`);
      const record = changed({ ArchiveName, EventSourceArn: input.EventSourceArn, RetentionDays: 0, createdAt: clock.now() }, input);
      const archive = add(record);
      save();
      return summary(archive);
    },
    DescribeArchive(input) {
      const archive = get(input.ArchiveName);
      const { Description, EventPattern, EventSourceArn, ArchiveName } = archive.record;
      return {
        ...summary(archive),
        ArchiveName,
        EventSourceArn,
        ...(Description !== undefined && { Description }),
        ...(EventPattern !== undefined && { EventPattern }),
        ...sizes(archive),
      };
    },
    ListArchives(input) {
      const wanted = [...archives.values()].filter(
        ({ record }) =>
          (input.EventSourceArn === undefined || record.EventSourceArn === input.EventSourceArn) &&
          (input.State === undefined || input.State === 'ENABLED'),
      );
      const { page, NextToken } = paged(wanted, input, ({ record }) => record.ArchiveName);
      const Archives = page.map((archive) => {
        forget(archive);
        const { ArchiveName, EventSourceArn, createdAt } = archive.record;
        return { ArchiveName, EventSourceArn, ...sizes(archive), CreationTime: createdAt / 1000 };
      });
      return { Archives, NextToken };
    },
    UpdateArchive(input) {
      const archive = add(changed(get(input.ArchiveName).record, input));
      save();
      return summary(archive);
    },
    DeleteArchive(input) {
      const { record, log } = get(input.ArchiveName);
      archives.delete(record.ArchiveName);
      save();
      log.remove();
      return {};
    },
  };

  return {
    keep(busArn, event, flat) {
      if (event['replay-name'] !== undefined) return;
      for (const archive of archives.values()) {
        if (archive.record.EventSourceArn !== busArn) continue;
        if (archive.compiled && !matches(archive.compiled, flat)) continue;
        forget(archive);
        archive.log.append({ at: clock.now(), event });
      }
    },
    find: (archiveArn) => [...archives.values()].find(({ record }) => arnOf(record.ArchiveName) === archiveArn),
    *read(archive) {
      for (const part of archive.log.read()) yield part.filter(({ at }) => at >= oldestMs(archive));
    },
    operations,
  };
}

function arnOf(name: string): string {
  return `arn:aws:events:${region}:${account}:archive/${name}`;
}

/** The record with what CreateArchive or UpdateArchive names. Throws for a pattern or a retention that AWS refuses. */
function changed(record: ArchiveRecord, input: Record<string, unknown>): ArchiveRecord {
  const { Description, EventPattern, RetentionDays } = input;
  if (EventPattern !== undefined) parsePattern(String(EventPattern));
  if (RetentionDays !== undefined && !(Number.isInteger(RetentionDays) && Number(RetentionDays) >= 0))
    throw new AwsError('ValidationException', 'Parameter RetentionDays is not valid. Reason: it must be a whole number of 0 or more.');
  return {
    ...record,
    ...(Description !== undefined && { Description: String(Description) }),
    ...(EventPattern !== undefined && { EventPattern: String(EventPattern) }),
    ...(RetentionDays !== undefined && { RetentionDays: Number(RetentionDays) }),
  };
}

function summary({ record }: Archive): { ArchiveArn: string; State: 'ENABLED'; CreationTime: number } {
  return { ArchiveArn: arnOf(record.ArchiveName), State: 'ENABLED', CreationTime: record.createdAt / 1000 };
}

function sizes({ record, log }: Archive): { RetentionDays: number; SizeBytes: number; EventCount: number; State: 'ENABLED' } {
  return { RetentionDays: record.RetentionDays, SizeBytes: log.bytes(), EventCount: log.count(), State: 'ENABLED' };
}
