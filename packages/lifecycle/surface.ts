/** What lifecycle shows: the machines of leavers, joiners and movers, the facts that start them, what admins ask of them, and the evidence. */
import { machineArnInPattern } from '@gatehouse/contracts/in-stage';
import { publisher } from '@gatehouse/contracts/stream-filter';
import type { Pattern, Surface } from '@gatehouse/contracts/surface';
import { accessCut } from '@gatehouse/events/access-cut';
import { accessRestored } from '@gatehouse/events/access-restored';
import { departureUnconfirmed } from '@gatehouse/events/departure-unconfirmed';
import { entitlementChanged } from '@gatehouse/events/entitlement-changed';
import { evidenceSealed } from '@gatehouse/events/evidence-sealed';
import { patternOf } from '@gatehouse/events/fact';
import { personJoined } from '@gatehouse/events/person-joined';
import { personLeft } from '@gatehouse/events/person-left';
import { personMoved } from '@gatehouse/events/person-moved';
import { personReturned } from '@gatehouse/events/person-returned';
import { alarms, metrics } from './alarms.ts';
import { entries } from './entries.ts';
import { machines, steps } from './machines.ts';

/** Executions that ended, however: one that succeeded without having closed its case did not. */
function ended(...machines: string[]): Pattern {
  return {
    source: ['aws.states'],
    'detail-type': ['Step Functions Execution Status Change'],
    detail: { status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: machines.map(machineArnInPattern) },
  };
}

/** Started bare, or by one of its versions or aliases. */
const offboardingArn = machineArnInPattern('offboarding');

export const surface: Surface = {
  capability: 'lifecycle',
  table: true,
  entries,
  routes: [
    { name: 'start-offboarding', method: 'POST', path: '/admin/offboardings', entry: 'admin', admit: 'admin' },
    { name: 'list-offboardings', method: 'GET', path: '/admin/offboardings', entry: 'admin', admit: 'admin' },
    { name: 'offboarding-evidence', method: 'GET', path: '/admin/offboardings/{id}/evidence', entry: 'evidence', admit: 'admin' },
    { name: 'list-evidence', method: 'GET', path: '/admin/evidence/packets', entry: 'evidence', admit: 'admin' },
    { name: 'list-roots', method: 'GET', path: '/admin/evidence/roots', entry: 'evidence', admit: 'admin' },
    { name: 'read-root', method: 'GET', path: '/admin/evidence/roots/{number}', entry: 'evidence', admit: 'admin' },
    { name: 'start-onboarding', method: 'POST', path: '/admin/onboardings', entry: 'onboardings', admit: 'admin' },
    { name: 'list-onboardings', method: 'GET', path: '/admin/onboardings', entry: 'onboardings', admit: 'admin' },
    { name: 'hold-offboarding', method: 'PUT', path: '/admin/offboardings/{id}/hold', entry: 'approvals', admit: 'admin' },
    { name: 'list-approvals', method: 'GET', path: '/admin/approvals', entry: 'approvals', admit: 'admin' },
    { name: 'decide-approval', method: 'POST', path: '/admin/approvals/{id}', entry: 'approvals', admit: 'admin' },
  ],
  rules: [
    { name: 'person-left', bus: 'product', pattern: patternOf(personLeft), entry: 'hear-left' },
    { name: 'departure-unconfirmed', bus: 'product', pattern: patternOf(departureUnconfirmed), entry: 'hear-left' },
    { name: 'person-moved', bus: 'product', pattern: patternOf(personMoved), entry: 'hear-moved' },
    { name: 'entitlement-changed', bus: 'product', pattern: patternOf(entitlementChanged), entry: 'hear-moved' },
    { name: 'person-returned', bus: 'product', pattern: patternOf(personReturned), entry: 'hear-returned' },
    { name: 'joined', bus: 'product', pattern: patternOf(personJoined), entry: 'hear-joined' },
    { name: 'access-restored', bus: 'product', pattern: patternOf(accessRestored), entry: 'hear-joined' },
    { name: 'regrouped', bus: 'product', pattern: patternOf(personMoved), entry: 'hear-regrouped' },
    { name: 'policy-regroups', bus: 'product', pattern: patternOf(entitlementChanged), entry: 'hear-regrouped' },
    { name: 'access-cut', bus: 'product', pattern: patternOf(accessCut), entry: 'hear-cut' },
    { name: 'evidence-sealed', bus: 'product', pattern: patternOf(evidenceSealed), entry: 'keep-evidence' },
    { name: 'joining-ended', bus: 'default', pattern: ended('onboarding', 'mover'), entry: 'hear-joining-ended' },
    { name: 'execution-ended', bus: 'default', pattern: ended('offboarding'), entry: 'hear-ended' },
    {
      name: 'console-start',
      bus: 'default',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['states.amazonaws.com'],
          eventName: ['StartExecution'],
          errorCode: [{ exists: false }],
          requestParameters: { stateMachineArn: [offboardingArn, { prefix: `${offboardingArn}:` }] },
          // A function's session bears the function's name: who asked it to is known already.
          userIdentity: { principalId: [{ 'anything-but': { wildcard: '*:gatehouse-${stage}-lifecycle-*' } }] },
        },
      },
      entry: 'hear-console-start',
    },
  ],
  schedules: [{ name: 'root-evidence', expression: 'rate(1 hour)', entry: 'root-evidence' }],
  streams: [
    publisher,
    {
      entry: 'tell-decision',
      filters: [
        { eventName: ['MODIFY'], dynamodb: { Keys: { sk: { S: ['APPROVAL'] } }, NewImage: { told_to: { S: [{ exists: true }] } } } },
      ],
    },
  ],
  machines,
  steps,
  alarms,
  metrics,
  keys: { evidence: { spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' } },
  // Each object carries the profile's retention; the bucket's own is for what would come without.
  buckets: { evidence: { keepDays: 3_650, expireObjects: false, lock: { mode: 'GOVERNANCE', days: 1 } } },
};
