/** What lifecycle shows: the machines of leavers, joiners and movers, its own steps, the facts that start them, and what admins ask of them. */
import type { Surface, TableUse } from '@gatehouse/contracts/surface';
import { accessCut } from '@gatehouse/events/access-cut';
import { accessRestored } from '@gatehouse/events/access-restored';
import { departureUnconfirmed } from '@gatehouse/events/departure-unconfirmed';
import { entitlementChanged } from '@gatehouse/events/entitlement-changed';
import { patternOf } from '@gatehouse/events/fact';
import { personJoined } from '@gatehouse/events/person-joined';
import { personLeft } from '@gatehouse/events/person-left';
import { personMoved } from '@gatehouse/events/person-moved';
import { personReturned } from '@gatehouse/events/person-returned';

function own(...actions: TableUse['actions'][number][]): TableUse {
  return { capability: 'lifecycle', actions };
}

const admission: readonly TableUse[] = [
  { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
  { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
  { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
];

/** Who somebody is, what the policy says of them, and what they were given. */
const entitled: readonly TableUse[] = [
  { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*'] },
  { capability: 'policy', actions: ['dynamodb:GetItem'], leadingKeys: ['POLICY'] },
];

export const surface: Surface = {
  capability: 'lifecycle',
  table: true,
  entries: {
    'open-case': {
      handler: 'packages/lifecycle/open-case.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem')],
      calls: ['admit-person'],
    },
    'seal-evidence': {
      handler: 'packages/lifecycle/seal-evidence.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem')],
    },
    'wait-out-grace': {
      handler: 'packages/lifecycle/wait-out-grace.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:PutItem')],
      calls: ['confirm-truth'],
      resumes: ['offboarding'],
    },
    'weigh-leaving': {
      handler: 'packages/lifecycle/weigh-leaving.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [
        own('dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'),
        { capability: 'people', actions: ['dynamodb:Query'], leadingKeys: ['PEOPLE#*'] },
      ],
    },
    'ask-approval': {
      handler: 'packages/lifecycle/ask-approval.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem')],
      calls: ['confirm-truth'],
      resumes: ['offboarding'],
    },
    'tell-decision': {
      handler: 'packages/lifecycle/tell-decision.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own('dynamodb:Query', 'dynamodb:UpdateItem')],
      resumes: ['offboarding'],
    },
    approvals: {
      handler: 'packages/lifecycle/approvals.lambda.handler',
      timeoutSeconds: 29,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'), ...admission],
    },
    'close-case': {
      handler: 'packages/lifecycle/close-case.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem')],
      keys: [{ key: 'lifecycle/evidence', actions: ['kms:Sign', 'kms:GetPublicKey'] }],
      starts: ['offboarding'],
    },
    'hear-ended': {
      handler: 'packages/lifecycle/hear-ended.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem')],
      keys: [{ key: 'lifecycle/evidence', actions: ['kms:Sign', 'kms:GetPublicKey'] }],
      starts: ['offboarding'],
    },
    'hear-left': {
      handler: 'packages/lifecycle/hear-left.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [own('dynamodb:PutItem', 'dynamodb:UpdateItem')],
      starts: ['offboarding'],
    },
    'hear-moved': {
      handler: 'packages/lifecycle/hear-moved.lambda.handler',
      timeoutSeconds: 60,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem')],
      calls: ['confirm-truth', 'restore-sessions', 'unblock-virtual-keys', 'unblock-workspaces', 'unblock-seats'],
      starts: ['offboarding'],
      resumes: ['offboarding'],
    },
    'hear-returned': {
      handler: 'packages/lifecycle/hear-returned.lambda.handler',
      timeoutSeconds: 60,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem')],
      calls: ['confirm-truth', 'restore-sessions', 'unblock-virtual-keys', 'unblock-workspaces', 'unblock-seats'],
      resumes: ['offboarding'],
    },
    admin: {
      handler: 'packages/lifecycle/admin.lambda.handler',
      timeoutSeconds: 29,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem'), ...admission],
      calls: ['admit-person', 'confirm-truth', 'find-sessions', 'find-virtual-keys', 'find-workspaces', 'find-seats'],
      starts: ['offboarding'],
    },
    'open-joining': {
      handler: 'packages/lifecycle/open-joining.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:PutItem')],
      calls: ['admit-person'],
    },
    'plan-grants': {
      handler: 'packages/lifecycle/plan-grants.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [own('dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'), ...entitled],
    },
    'close-joining': {
      handler: 'packages/lifecycle/close-joining.lambda.handler',
      timeoutSeconds: 30,
      memoryMb: 512,
      tables: [
        own('dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'),
        { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*'] },
      ],
    },
    'hear-joined': {
      handler: 'packages/lifecycle/hear-joined.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [own('dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'), ...entitled],
      starts: ['onboarding'],
    },
    'hear-regrouped': {
      handler: 'packages/lifecycle/hear-regrouped.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [own('dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'), ...entitled],
      starts: ['mover'],
    },
    'hear-cut': {
      handler: 'packages/lifecycle/hear-cut.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [own('dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem')],
    },
    'hear-joining-ended': {
      handler: 'packages/lifecycle/hear-joining-ended.lambda.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      tables: [own('dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem')],
    },
    onboardings: {
      handler: 'packages/lifecycle/onboardings.lambda.handler',
      timeoutSeconds: 29,
      memoryMb: 512,
      tables: [
        own('dynamodb:GetItem', 'dynamodb:Query'),
        ...admission,
        { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*'] },
      ],
      calls: ['admit-person'],
      starts: ['onboarding'],
    },
    publish: { handler: 'packages/lifecycle/publish.lambda.handler', timeoutSeconds: 30, memoryMb: 512, publishes: true },
  },
  routes: [
    { name: 'start-offboarding', method: 'POST', path: '/admin/offboardings', entry: 'admin', admit: 'admin' },
    { name: 'list-offboardings', method: 'GET', path: '/admin/offboardings', entry: 'admin', admit: 'admin' },
    { name: 'offboarding-evidence', method: 'GET', path: '/admin/offboardings/{id}/evidence', entry: 'admin', admit: 'admin' },
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
    {
      name: 'joining-ended',
      bus: 'default',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [{ suffix: '-onboarding' }, { suffix: '-mover' }] },
      },
      entry: 'hear-joining-ended',
    },
    {
      name: 'execution-ended',
      bus: 'default',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [{ suffix: '-offboarding' }] },
      },
      entry: 'hear-ended',
    },
  ],
  streams: ['publish', 'tell-decision'],
  machines: [
    {
      name: 'onboarding',
      definition: 'packages/lifecycle/onboarding.asl.json',
      steps: [
        'open-joining',
        'confirm-truth',
        'plan-grants',
        'grant-seats',
        'grant-virtual-keys',
        'grant-workspaces',
        'withdraw-seats',
        'withdraw-virtual-keys',
        'withdraw-workspaces',
        'close-joining',
      ],
    },
    {
      name: 'mover',
      definition: 'packages/lifecycle/mover.asl.json',
      steps: [
        'open-joining',
        'confirm-truth',
        'plan-grants',
        'withdraw-seats',
        'withdraw-virtual-keys',
        'withdraw-workspaces',
        'grant-seats',
        'grant-virtual-keys',
        'grant-workspaces',
        'close-joining',
      ],
    },
    {
      name: 'offboarding',
      definition: 'packages/lifecycle/offboarding.asl.json',
      steps: [
        'open-case',
        'confirm-truth',
        'find-sessions',
        'find-virtual-keys',
        'find-workspaces',
        'find-seats',
        'cut-sessions',
        'restore-sessions',
        'probe-sessions',
        'block-virtual-keys',
        'unblock-virtual-keys',
        'purge-virtual-keys',
        'probe-virtual-keys',
        'block-workspaces',
        'block-seats',
        'unblock-workspaces',
        'unblock-seats',
        'purge-workspaces',
        'purge-seats',
        'probe-workspaces',
        'probe-seats',
        'seal-evidence',
        'weigh-leaving',
        'ask-approval',
        'wait-out-grace',
        'close-case',
      ],
    },
  ],
  steps: {
    'open-joining': 'open-joining',
    'plan-grants': 'plan-grants',
    'close-joining': 'close-joining',
    'open-case': 'open-case',
    'seal-evidence': 'seal-evidence',
    'weigh-leaving': 'weigh-leaving',
    'ask-approval': 'ask-approval',
    'wait-out-grace': 'wait-out-grace',
    'close-case': 'close-case',
  },
  alarms: [
    {
      name: 'slow-cut',
      description:
        'From the start of an offboarding to everything cut took more than five minutes. Open the execution in Step Functions: the state that is retrying says which system to mend.',
      namespace: 'Gatehouse',
      metric: 'TimeToCut',
      dimensions: { trigger: 'event' },
      statistic: 'Maximum',
      periodSeconds: 300,
      evaluationPeriods: 1,
      threshold: 300_000,
      comparison: 'GreaterThanThreshold',
      missingData: 'notBreaching',
    },
    {
      name: 'case-needs-human',
      description:
        'An offboarding stopped and needs a person. GET /admin/offboardings?person= shows its message, which says what to mend; then start it again.',
      namespace: 'Gatehouse',
      metric: 'CasesStuck',
      dimensions: { kind: 'offboarding' },
      statistic: 'Sum',
      periodSeconds: 300,
      evaluationPeriods: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      missingData: 'notBreaching',
    },
  ],
  metrics: [
    { name: 'TimeToCut', unit: 'Milliseconds', sets: [['trigger']] },
    { name: 'TimeToProvenDead', unit: 'Milliseconds', sets: [['trigger']] },
    { name: 'CasesStuck', unit: 'Count', sets: [['kind']] },
  ],
  keys: { evidence: { spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' } },
};
