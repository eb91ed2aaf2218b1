/** Lifecycle's machines with the steps that each may call, and which function does lifecycle's own steps. */
import type { Machine } from '@gatehouse/contracts/surface';

const systems = ['seats', 'virtual-keys', 'workspaces'];
const each = (act: string) => systems.map((system) => `${act}-${system}`);

const joining = ['open-joining', 'confirm-truth', 'plan-grants', ...each('grant'), ...each('withdraw'), 'close-joining'];

export const machines: readonly Machine[] = [
  { name: 'onboarding', definition: 'packages/lifecycle/onboarding.asl.json', steps: joining },
  { name: 'mover', definition: 'packages/lifecycle/mover.asl.json', steps: [...joining, 'weigh-move', 'ask-move'] },
  {
    name: 'offboarding',
    definition: 'packages/lifecycle/offboarding.asl.json',
    steps: [
      'open-case',
      'confirm-truth',
      ...['find-sessions', ...each('find'), 'find-homes'],
      ...['cut-sessions', ...each('block'), 'block-hosts'],
      ...['probe-sessions', ...each('probe'), 'probe-hosts'],
      ...['restore-sessions', ...each('unblock')],
      ...['back-up-home', ...each('purge'), 'purge-home'],
      'seal-evidence',
      'weigh-leaving',
      'ask-approval',
      'wait-out-grace',
      'close-case',
    ],
  },
];

/** By the name of the function, which is the step's. */
export const steps = Object.fromEntries(
  [
    'open-joining',
    'plan-grants',
    'close-joining',
    'weigh-move',
    'ask-move',
    'open-case',
    'seal-evidence',
    'weigh-leaving',
    'ask-approval',
    'wait-out-grace',
    'close-case',
  ].map((name) => [name, name]),
);
