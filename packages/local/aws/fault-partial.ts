/** A batch of which some entries are not done: they are truly left out, and the answer names them as AWS does. */
import type { Run } from './faults.ts';

type Json = Record<string, unknown>;

/** `count`: how many of the last entries fail. */
export function partial(operation: string, input: unknown, run: Run, count: number): Promise<unknown> {
  const given = (input ?? {}) as Json;
  switch (operation) {
    case 'PutEvents':
      return putEvents(given, run, count);
    case 'BatchGetItem':
      return byTable(given, run, count, 'UnprocessedKeys');
    case 'BatchWriteItem':
      return byTable(given, run, count, 'UnprocessedItems');
    default:
      return run(input);
  }
}

async function putEvents(input: Json, run: Run, count: number): Promise<unknown> {
  const entries = Array.isArray(input.Entries) ? input.Entries : [];
  const kept = entries.slice(0, Math.max(0, entries.length - count));
  const failed = entries.slice(kept.length).map(() => ({ ErrorCode: 'InternalFailure', ErrorMessage: 'A fault was injected' }));
  const done = (kept.length > 0 ? await run({ ...input, Entries: kept }) : { FailedEntryCount: 0, Entries: [] }) as {
    FailedEntryCount: number;
    Entries: unknown[];
  };
  return { FailedEntryCount: done.FailedEntryCount + failed.length, Entries: [...done.Entries, ...failed] };
}

async function byTable(input: Json, run: Run, count: number, unprocessed: 'UnprocessedKeys' | 'UnprocessedItems'): Promise<unknown> {
  const tables = (input.RequestItems ?? {}) as Record<string, unknown>;
  const all = Object.entries(tables).flatMap(([table, request]) => listOf(request).map((entry) => ({ table, entry })));
  const cut = Math.max(0, all.length - count);
  const pick = (chosen: typeof all) =>
    Object.fromEntries(
      Object.entries(tables).flatMap(([table, request]) => {
        const entries = chosen.filter((one) => one.table === table).map(({ entry }) => entry);
        return entries.length > 0 ? [[table, Array.isArray(request) ? entries : { ...(request as Json), Keys: entries }] as const] : [];
      }),
    );
  const [kept, left] = [all.slice(0, cut), pick(all.slice(cut))];
  const empty = unprocessed === 'UnprocessedKeys' ? { Responses: {} } : {};
  const done = (kept.length > 0 ? await run({ ...input, RequestItems: pick(kept) }) : empty) as Json;
  return { ...done, [unprocessed]: { ...(done[unprocessed] as Json | undefined), ...left } };
}

function listOf(request: unknown): unknown[] {
  if (Array.isArray(request)) return request;
  const { Keys } = (request ?? {}) as { Keys?: unknown };
  return Array.isArray(Keys) ? Keys : [];
}
