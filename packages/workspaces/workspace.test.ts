import { describe, expect, it } from 'vitest';
import { type Build, isDown, next, type Workspace } from './workspace.ts';

function workspace(transition: Build['transition'], job: Build['job'], agentConnected = false): Workspace {
  return { id: 'w', name: 'main', latest: { id: 'b', transition, job, unmatched: false }, agentConnected };
}

describe('a workspace', () => {
  it.each<[Build['transition'], Build['job'], boolean]>([
    ['stop', 'succeeded', true],
    ['delete', 'succeeded', true],
    ['start', 'succeeded', false],
    ['stop', 'running', false],
    ['stop', 'pending', false],
    ['stop', 'failed', false],
    ['delete', 'canceled', false],
  ])('whose latest build is %s %s is down: %s', (transition, job, down) => {
    expect(isDown(workspace(transition, job))).toBe(down);
  });

  it('is not down while its agent answers, whatever its build says', () => {
    expect(isDown(workspace('stop', 'succeeded', true))).toBe(false);
  });

  it.each<[string, Workspace, 'stop' | 'delete', number, string]>([
    ['a build where nothing is under way', workspace('start', 'succeeded'), 'stop', 0, 'build'],
    ['patience while another build is active', workspace('start', 'running'), 'stop', 0, 'wait'],
    ['patience while its own build is active', workspace('stop', 'pending'), 'stop', 0, 'wait'],
    ['nothing once it is stopped', workspace('stop', 'succeeded'), 'stop', 0, 'nothing'],
    ['nothing once it is deleted', workspace('delete', 'succeeded'), 'stop', 0, 'nothing'],
    ['a delete though it is stopped', workspace('stop', 'succeeded'), 'delete', 0, 'build'],
    ['a second build after a failure', workspace('stop', 'failed'), 'stop', 1, 'build'],
    ['a person after two failures', workspace('stop', 'failed'), 'stop', 2, 'give-up'],
    ['a build after somebody canceled one', workspace('stop', 'canceled'), 'stop', 0, 'build'],
  ])('needs %s', (_, one, wanted, failures, step) => {
    expect(next(one, wanted, failures)).toBe(step);
  });
});
