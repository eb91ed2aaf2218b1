/** What happened to the alarms: configurations, states, actions. Bounded in age and number; it causes nothing. */
import type { Alarm } from './alarm.ts';
import type { State } from './alarm-event.ts';
import { stamp } from './stamp.ts';

export const historyTypes = ['ConfigurationUpdate', 'StateUpdate', 'Action'] as const;
export type HistoryType = (typeof historyTypes)[number];

export interface HistoryItem {
  alarm: string;
  kind: Alarm['kind'];
  /** Milliseconds. */
  at: number;
  type: HistoryType;
  summary: string;
  /** A JSON text. */
  data: string;
}

export interface History {
  configured(alarm: Alarm, at: number, what: 'Create' | 'Update' | 'Delete', configuration: object): void;
  changed(alarm: Alarm, from: State, to: State): void;
  /** `error`: why the action was not carried out. */
  acted(alarm: Alarm, change: State, action: string, error?: string): void;
  /** Oldest first. */
  items(now: number): readonly HistoryItem[];
}

const keepMs = 30 * 24 * 3_600_000;
const mostItems = 5000;

export function createHistory(): History {
  let items: HistoryItem[] = [];

  function add(alarm: Alarm, at: number, type: HistoryType, summary: string, data: object): void {
    items.push({ alarm: alarm.name, kind: alarm.kind, at, type, summary, data: JSON.stringify({ version: '1.0', ...data }) });
    if (items.length > mostItems * 1.1) items = items.slice(-mostItems);
  }

  return {
    configured: (alarm, at, what, configuration) => {
      const past = { Create: 'created', Update: 'updated', Delete: 'deleted' }[what];
      add(alarm, at, 'ConfigurationUpdate', `Alarm "${alarm.name}" ${past}`, { type: what, [`${past}Alarm`]: configuration });
    },
    changed: (alarm, from, to) =>
      add(alarm, to.since, 'StateUpdate', `Alarm updated from ${from.value} to ${to.value}`, {
        oldState: told(from),
        newState: told(to),
      }),
    acted: (alarm, change, action, error) => {
      const summary =
        error === undefined ? `Successfully executed action ${action}` : `Failed to execute action ${action}. Received error: "${error}"`;
      add(alarm, change.since, 'Action', summary, {
        actionState: error === undefined ? 'Succeeded' : 'Failed',
        stateUpdateTimestamp: stamp(change.since),
        stateValue: change.value,
        notificationResource: action,
        ...(error !== undefined && { error }),
      });
    },
    items: (now) => {
      if ((items[0]?.at ?? now) < now - keepMs) items = items.filter(({ at }) => at >= now - keepMs);
      return items;
    },
  };
}

function told({ value, reason, reasonData }: State): object {
  return {
    stateValue: value,
    stateReason: reason,
    // Written by `reasonData` of the verdict, or checked to be JSON when it was set by hand.
    ...(reasonData !== undefined && { stateReasonData: JSON.parse(reasonData) as unknown }),
  };
}
