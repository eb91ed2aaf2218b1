/** The deployment: which stacks there are, in order, by name. */
/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  async app(input) {
    const { profileOf } = await import('./stacks/profile.ts');
    const production = input.stage === 'production';
    return {
      name: 'gatehouse',
      version: '4.17.1',
      home: 'aws',
      removal: production ? 'retain' : 'remove',
      protect: production,
      providers: { aws: { version: '7.20.0', region: profileOf(input.stage).region } },
      // Nothing is linked: powers are written out, names come from packages/contracts.
      types: { ignore: ['.', 'events', 'packages'] },
    };
  },
  async run() {
    await import('./stacks/access.ts');
    await import('./stacks/policy.ts');
    await import('./stacks/usage.ts');
    await import('./stacks/people.ts');
    await import('./stacks/keys.ts');
    await import('./stacks/workspaces.ts');
    await import('./stacks/lifecycle.ts');
    await import('./stacks/machines.ts');
    const { url } = await import('./stacks/api.ts');
    return { url };
  },
});
