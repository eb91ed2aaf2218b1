/** The deployment: which stacks there are, in order, by name. */
/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  async app(input) {
    const { profileOf } = await import('./stacks/profile.ts');
    const { keep_data, region } = profileOf(input.stage);
    return {
      name: 'gatehouse',
      version: '4.17.1',
      home: 'aws',
      removal: keep_data ? 'retain' : 'remove',
      protect: keep_data,
      providers: { aws: { version: '7.20.0', region } },
      // Nothing is linked: powers are written out, names come from packages/contracts.
      types: { ignore: ['.', 'events', 'packages'] },
    };
  },
  async run() {
    const { profile } = await import('./stacks/stage.ts');
    if (profile.parked) {
      await import('./stacks/parked.ts');
      return {};
    }
    await import('./stacks/access.ts');
    await import('./stacks/policy.ts');
    await import('./stacks/usage.ts');
    await import('./stacks/people.ts');
    await import('./stacks/keys.ts');
    await import('./stacks/workspaces.ts');
    await import('./stacks/lifecycle.ts');
    await import('./stacks/inference.ts');
    await import('./stacks/operations.ts');
    await import('./stacks/dashboards.ts');
    await import('./stacks/queries.ts');
    await import('./stacks/machines.ts');
    const { url } = await import('./stacks/api.ts');
    await import('./stacks/domain.ts');
    const { edgeUrl } = await import('./stacks/edge.ts');
    return { url, ...(edgeUrl && { edge: edgeUrl }) };
  },
});
