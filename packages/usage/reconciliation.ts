/** What clients reported, our gateway saw and vendors billed, side by side for a person and a day: how much is covered, how far it drifts, who is silent. Pure. */

/** What is known of one person on one day; micro-dollars. */
export interface Known {
  person: string;
  /** `2026-11-22`, UTC. */
  day: string;
  /** What the ledger bills. */
  ledger: number;
  /** The clients' own reckoning. */
  claimed: number;
  server: number;
  /** By source: bedrock, cur, anthropic. */
  billed: Readonly<Record<string, number>>;
  /** Numbered events that never came. */
  missing: number;
  /** Their exporters were heard that day. */
  heard: boolean;
}

export interface ReconciledRow {
  person: string;
  day: string;
  ledger_micros: number;
  client_micros: number;
  server_micros: number;
  billed_micros: number;
  billed_by: Readonly<Record<string, number>>;
  /** Reported by clients, of what others saw; null where nobody else looked. */
  coverage_percent: number | null;
  /** Billed more (or less) than the ledger says, of what was billed; null where nothing was. */
  drift_percent: number | null;
  missing_events: number;
  /** reporting: clients speak of spend; idle: they are alive and there is none; silent: others saw spend and no client was heard; nobody: the vendor names none of ours. */
  state: 'reporting' | 'idle' | 'silent' | 'nobody';
}

export function reconcile(known: readonly Known[]): ReconciledRow[] {
  return known
    .map((one) => {
      const { person, day, ledger, server, billed, missing } = one;
      const client = clientOf(one);
      const bill = billOf(one);
      const seen = Math.max(server, bill);
      return {
        person,
        day,
        ledger_micros: ledger,
        client_micros: client,
        server_micros: server,
        billed_micros: bill,
        billed_by: billed,
        coverage_percent: seen === 0 ? null : Math.min(100, percent(client, seen)),
        drift_percent: bill === 0 ? null : percent(bill - ledger, bill),
        missing_events: missing,
        state: stateOf(one, client, seen),
      };
    })
    .sort((a, b) => (a.day === b.day ? (a.person < b.person ? -1 : 1) : a.day < b.day ? -1 : 1));
}

/** What the lines of a bill belong to that name no person of ours. */
export const nobodys = '-';

function stateOf({ person, claimed, heard }: Known, client: number, seen: number): ReconciledRow['state'] {
  if (person === nobodys) return 'nobody';
  if (client > 0 || claimed > 0) return 'reporting';
  return seen > 0 && !heard ? 'silent' : 'idle';
}

export interface Totals {
  coverage_percent: number | null;
  drift_percent: number | null;
  silent_people: number;
  missing_events: number;
}

export function totalsOf(rows: readonly ReconciledRow[]): Totals {
  let [seen, covered, billed, ledger, missing] = [0, 0, 0, 0, 0];
  const silent = new Set<string>();
  for (const row of rows) {
    const most = Math.max(row.server_micros, row.billed_micros);
    seen += most;
    covered += Math.min(most, row.client_micros);
    if (row.billed_micros > 0) ledger += row.ledger_micros;
    billed += row.billed_micros;
    missing += row.missing_events;
    if (row.state === 'silent') silent.add(row.person);
  }
  return {
    coverage_percent: seen === 0 ? null : percent(covered, seen),
    drift_percent: billed === 0 ? null : percent(billed - ledger, billed),
    silent_people: silent.size,
    missing_events: missing,
  };
}

/** Where our gateway saw nothing, all that the ledger has came from clients. */
function clientOf({ ledger, claimed, server }: Known): number {
  return Math.max(claimed, ledger - server);
}

/** One source bills a use: two that do speak of the same one. */
function billOf({ billed }: Known): number {
  return Math.max(0, ...Object.values(billed));
}

function percent(part: number, whole: number): number {
  return Math.round((part * 1_000) / whole) / 10;
}
