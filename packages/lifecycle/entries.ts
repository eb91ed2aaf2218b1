/** Lifecycle's functions and what each may touch: explicit actions on explicit rows. Decides nothing. */
import type { Entry, TableUse } from '@gatehouse/contracts/surface';

type Action = 'GetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem';
type Rest = Omit<Entry, 'handler' | 'timeoutSeconds' | 'memoryMb' | 'tables'> & { reads?: readonly TableUse[] };

/** @param own actions on lifecycle's own table. */
function lambda(file: string, timeoutSeconds: number, own: readonly Action[], { reads = [], ...rest }: Rest = {}): Entry {
  const actions = own.map((action) => `dynamodb:${action}` as const);
  const tables: TableUse[] = [...(actions.length > 0 ? [{ capability: 'lifecycle' as const, actions }] : []), ...reads];
  return {
    handler: `packages/lifecycle/${file}.lambda.handler`,
    timeoutSeconds,
    memoryMb: 512,
    ...(tables.length > 0 && { tables }),
    ...rest,
  };
}

const admission: readonly TableUse[] = [
  { capability: 'access', actions: ['dynamodb:BatchGetItem'], leadingKeys: ['GATE#*', 'SESSION#*'] },
  { capability: 'access', actions: ['dynamodb:Query'], leadingKeys: ['SIGNING-KEYS'] },
  { capability: 'policy', actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], leadingKeys: ['POLICY'] },
];
const person: TableUse = { capability: 'people', actions: ['dynamodb:GetItem'], leadingKeys: ['PERSON#*'] };
/** To be counted. */
const everybody: TableUse = { capability: 'people', actions: ['dynamodb:Query'], leadingKeys: ['PEOPLE#*'] };
/** Who somebody is, what the policy says of them, and what they were given. */
const entitled: readonly TableUse[] = [person, { capability: 'policy', actions: ['dynamodb:GetItem'], leadingKeys: ['POLICY'] }];
/** Several items by their keys: who began a case, and where packets are. */
const many = (...leadingKeys: string[]): TableUse => ({ capability: 'lifecycle', actions: ['dynamodb:BatchGetItem'], leadingKeys });

const offboarding = ['offboarding'];
const giveBack = ['confirm-truth', 'restore-sessions', 'unblock-virtual-keys', 'unblock-workspaces', 'unblock-seats'];
const findAll = ['admit-person', 'confirm-truth', 'find-sessions', 'find-virtual-keys', 'find-workspaces', 'find-seats', 'find-homes'];
/** Signs, and starts what came meanwhile. */
const ending: Rest = { keys: [{ key: 'lifecycle/evidence', actions: ['kms:Sign', 'kms:GetPublicKey'] }], starts: offboarding };
const layDown = ['s3:PutObject', 's3:PutObjectRetention'] as const;

export const entries: Readonly<Record<string, Entry>> = {
  'open-case': lambda('open-case', 30, ['GetItem', 'PutItem', 'UpdateItem'], { calls: ['admit-person'] }),
  'seal-evidence': lambda('seal-evidence', 30, ['GetItem', 'Query', 'PutItem', 'UpdateItem']),
  'wait-out-grace': lambda('wait-out-grace', 20, ['GetItem', 'PutItem'], { calls: ['confirm-truth'], resumes: offboarding }),
  'weigh-leaving': lambda('weigh-leaving', 30, ['GetItem', 'Query', 'PutItem', 'UpdateItem'], { reads: [everybody] }),
  'ask-approval': lambda('ask-approval', 30, ['GetItem', 'PutItem', 'UpdateItem'], { calls: ['confirm-truth'], resumes: offboarding }),
  'weigh-move': lambda('weigh-move', 20, ['GetItem']),
  'ask-move': lambda('ask-move', 30, ['GetItem', 'PutItem', 'UpdateItem'], { resumes: ['mover'] }),
  'tell-decision': lambda('tell-decision', 30, ['Query', 'UpdateItem'], { resumes: ['offboarding', 'mover'] }),
  approvals: lambda('approvals', 29, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'], {
    reads: [many('CASE#*'), ...admission],
  }),
  'close-case': lambda('close-case', 30, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'], ending),

  'keep-evidence': lambda('keep-evidence', 30, ['GetItem', 'Query', 'PutItem', 'UpdateItem'], {
    buckets: [{ bucket: 'lifecycle/evidence', actions: layDown, keys: ['packets/*'] }],
  }),
  'root-evidence': lambda('root-evidence', 300, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'], {
    reads: [many('CASE#*')],
    keys: [{ key: 'lifecycle/evidence', actions: ['kms:Sign', 'kms:GetPublicKey'] }],
    buckets: [
      { bucket: 'lifecycle/evidence', actions: layDown, keys: ['packets/*', 'roots/*'] },
      { bucket: 'lifecycle/evidence', actions: ['s3:GetObject'], keys: ['roots/*'] },
    ],
  }),
  evidence: lambda('evidence', 29, ['GetItem', 'Query'], {
    reads: admission,
    buckets: [{ bucket: 'lifecycle/evidence', actions: ['s3:GetObject'], keys: ['roots/*'] }],
  }),

  'hear-ended': lambda('hear-ended', 30, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'], ending),
  'hear-console-start': lambda('hear-console-start', 30, ['PutItem', 'UpdateItem'], { calls: ['admit-person'] }),
  'hear-left': lambda('hear-left', 20, ['PutItem', 'UpdateItem'], { starts: offboarding }),
  'hear-moved': lambda('hear-moved', 60, ['GetItem', 'PutItem', 'UpdateItem'], {
    calls: giveBack,
    starts: offboarding,
    resumes: offboarding,
  }),
  'hear-returned': lambda('hear-returned', 60, ['GetItem', 'PutItem', 'UpdateItem'], { calls: giveBack, resumes: offboarding }),
  admin: lambda('admin', 29, ['GetItem', 'Query', 'PutItem'], { reads: admission, calls: findAll, starts: offboarding }),

  'open-joining': lambda('open-joining', 30, ['GetItem', 'PutItem'], { calls: ['admit-person'] }),
  'plan-grants': lambda('plan-grants', 30, ['Query', 'PutItem', 'UpdateItem'], { reads: entitled }),
  'close-joining': lambda('close-joining', 30, ['GetItem', 'Query', 'PutItem', 'UpdateItem'], { reads: [person] }),
  'hear-joined': lambda('hear-joined', 20, ['Query', 'PutItem', 'UpdateItem'], { reads: entitled, starts: ['onboarding'] }),
  'hear-regrouped': lambda('hear-regrouped', 20, ['Query', 'PutItem', 'UpdateItem'], {
    reads: [...entitled, everybody],
    starts: ['mover', 'onboarding'],
  }),
  'hear-cut': lambda('hear-cut', 20, ['Query', 'PutItem', 'UpdateItem']),
  'hear-joining-ended': lambda('hear-joining-ended', 20, ['GetItem', 'PutItem', 'UpdateItem']),
  onboardings: lambda('onboardings', 29, ['GetItem', 'Query'], {
    reads: [...admission, person],
    calls: ['admit-person'],
    starts: ['onboarding'],
  }),
  publish: lambda('publish', 30, [], { publishes: true }),
};
