/**
 * What happened in the directory, in the shape of Okta's System Log: as LogEvents for its API and as the log stream's events
 * for a partner event bus. Keeps the latest entries; sends nothing.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type Change, type Directory, type EventType, seededId } from './directory.ts';
import { administrators } from './seeds.ts';

/** As little as a LogEvent can be made from: names are those at the time of the event. */
export interface LogEntry {
  uuid: string;
  published: string;
  eventType: EventType;
  actor: Party;
  person?: Party;
  group?: { id: string; name: string };
  requestId: string;
}

interface Party {
  id: string;
  email: string;
  name: string;
}

export interface SystemLog {
  /** Oldest first. */
  entries(): readonly LogEntry[];
  append(change: Change): LogEntry;
}

const keptEntries = 2000;

export function createSystemLog(now: () => number, directory: Directory, saved: readonly LogEntry[] = []): SystemLog {
  let entries: LogEntry[] = [...saved];
  function append(change: Change): LogEntry {
    const entry: LogEntry = {
      uuid: randomUUID(),
      published: new Date(now()).toISOString(),
      eventType: change.eventType,
      actor: actorFor(directory, change.person?.id),
      requestId: randomBytes(20).toString('base64url'),
    };
    if (change.person) entry.person = party(change.person);
    if (change.group) entry.group = { id: change.group.id, name: change.group.name };
    entries.push(entry);
    if (entries.length > keptEntries) entries = entries.slice(-keptEntries);
    return entry;
  }
  return { entries: () => entries, append };
}

function actorFor(directory: Directory, victim: string | undefined): Party {
  for (const email of administrators) {
    const person = directory.find(email);
    if (person && person.id !== victim) return party(person);
  }
  return { id: seededId('00u', 'okta-setup@example.com'), email: 'okta-setup@example.com', name: 'Okta Setup' };
}

function party(person: Party): Party {
  return { id: person.id, email: person.email, name: person.name };
}

const words: Readonly<Record<EventType, { displayMessage: string; legacyEventType: string; uri: string }>> = {
  'user.lifecycle.create': {
    displayMessage: 'Create Okta user',
    legacyEventType: 'core.user.config.user_creation.success',
    uri: '/api/v1/users',
  },
  'user.lifecycle.activate': {
    displayMessage: 'Activate Okta user',
    legacyEventType: 'core.user.config.user_activated',
    uri: '/api/v1/users/{user}/lifecycle/activate',
  },
  'user.lifecycle.reactivate': {
    displayMessage: 'Reactivate Okta user',
    legacyEventType: 'core.user.config.user_reactivated',
    uri: '/api/v1/users/{user}/lifecycle/reactivate',
  },
  'user.lifecycle.deactivate': {
    displayMessage: 'Deactivate Okta User',
    legacyEventType: 'core.user.config.user_deactivated',
    uri: '/admin/user/deactivate/{user}',
  },
  'user.lifecycle.suspend': {
    displayMessage: 'Suspend Okta user',
    legacyEventType: 'core.user.config.user_status.suspended',
    uri: '/api/v1/users/{user}/lifecycle/suspend',
  },
  'user.lifecycle.unsuspend': {
    displayMessage: 'Unsuspend Okta user',
    legacyEventType: 'core.user.config.user_status.unsuspended',
    uri: '/api/v1/users/{user}/lifecycle/unsuspend',
  },
  'user.lifecycle.delete.initiated': {
    displayMessage: 'Delete Okta user initiated',
    legacyEventType: 'core.user.config.user_deleted.initiated',
    uri: '/api/v1/users/{user}',
  },
  'user.account.update_profile': {
    displayMessage: 'Update user profile for Okta',
    legacyEventType: 'core.user.config.profile_updated',
    uri: '/api/v1/users/{user}',
  },
  'group.lifecycle.create': {
    displayMessage: 'Create Okta group',
    legacyEventType: 'core.group.config.group_created',
    uri: '/api/v1/groups',
  },
  'group.lifecycle.delete': {
    displayMessage: 'Delete Okta group',
    legacyEventType: 'core.group.config.group_deleted',
    uri: '/api/v1/groups/{group}',
  },
  'group.profile.update': {
    displayMessage: 'Update Okta group',
    legacyEventType: 'core.group.config.group_updated',
    uri: '/api/v1/groups/{group}',
  },
  'group.user_membership.add': {
    displayMessage: 'Add user to group membership',
    legacyEventType: 'core.user_group_member.user_add',
    uri: '/api/v1/groups/{group}/users/{user}',
  },
  'group.user_membership.remove': {
    displayMessage: 'Remove user from group membership',
    legacyEventType: 'core.user_group_member.user_remove',
    uri: '/api/v1/groups/{group}/users/{user}',
  },
};

/** One LogEvent. The victim is in `target`, never in `actor`; group events name User and UserGroup, in an order nobody promises. */
export function logEvent(entry: LogEntry): Record<string, unknown> {
  const { displayMessage, legacyEventType, uri } = words[entry.eventType];
  const requestUri = uri.replace('{user}', entry.person?.id ?? '').replace('{group}', entry.group?.id ?? '');
  const place = { city: null, country: null, geolocation: null, postalCode: null, state: null };
  return {
    actor: { id: entry.actor.id, type: 'User', alternateId: entry.actor.email, displayName: entry.actor.name, detailEntry: null },
    client: {
      userAgent: { rawUserAgent: 'directory-console', os: 'Unknown', browser: 'UNKNOWN' },
      zone: 'null',
      device: 'Unknown',
      id: null,
      ipAddress: '127.0.0.1',
      geographicalContext: place,
    },
    authenticationContext: {
      authenticationProvider: null,
      credentialProvider: null,
      credentialType: null,
      issuer: null,
      interface: null,
      authenticationStep: 0,
      externalSessionId: `trs${entry.requestId}`,
    },
    displayMessage,
    eventType: entry.eventType,
    outcome: { result: 'SUCCESS', reason: null },
    published: entry.published,
    securityContext: { asNumber: null, asOrg: null, isp: null, domain: null, isProxy: null },
    severity: 'INFO',
    debugContext: { debugData: { requestId: entry.requestId, requestUri, threatSuspected: 'false', url: `${requestUri}?` } },
    legacyEventType,
    transaction: { type: 'WEB', id: entry.requestId, detail: {} },
    uuid: entry.uuid,
    version: '0',
    request: { ipChain: [{ ip: '127.0.0.1', geographicalContext: place, version: 'V4', source: null }] },
    target: targets(entry),
  };
}

function targets(entry: LogEntry): unknown[] {
  const list: unknown[] = [];
  if (entry.person) {
    list.push({ id: entry.person.id, type: 'User', alternateId: entry.person.email, displayName: entry.person.name, detailEntry: null });
  }
  if (entry.group) {
    list.push({ id: entry.group.id, type: 'UserGroup', alternateId: 'unknown', displayName: entry.group.name, detailEntry: null });
  }
  return Number.parseInt(entry.uuid.slice(0, 1), 16) % 2 === 0 ? list : list.reverse();
}

/** An event as it stands on the partner bus (EventBridge envelope, detail is one LogEvent). */
export interface PartnerEvent {
  version: '0';
  id: string;
  'detail-type': 'SystemLog';
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: Record<string, unknown>;
}

export function partnerEvent(entry: LogEntry, source: string): PartnerEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'SystemLog',
    source,
    account: '000000000000',
    time: entry.published.replace(/\.\d+Z$/, 'Z'),
    region: 'us-east-1',
    resources: [],
    detail: logEvent(entry),
  };
}
