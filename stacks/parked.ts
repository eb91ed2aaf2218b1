/** A stage that serves nobody: what holds data stands as it did, what runs is gone. Deployed again without `parked`, the service stands on the same data. */
import { app, machineName } from '@gatehouse/contracts/names';
import { accessLog, machineLog } from './resources/log.ts';
import { pascal, profile, stage } from './stage.ts';
import { storesOf } from './stores.ts';
import { surfaces } from './surfaces.ts';

for (const surface of surfaces) {
  storesOf(surface);
  for (const { name } of surface.machines ?? []) machineLog(pascal(surface.capability, name, 'machine'), machineName(stage, name));
}
accessLog('ApiAccessLog', `${app}-${stage}`);
if (profile.edge) accessLog('EdgeAccessLog', `${app}-${stage}-edge`);
// The facts of the last month, the partners' associations, the network that others are joined to, and the people: none of it costs while it rests.
await import('./bus.ts');
await import('./own-network.ts');
await import('./people-pool.ts');
