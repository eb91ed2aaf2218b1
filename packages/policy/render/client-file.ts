/** Managed settings for clients that do not sign in at the gateway: what a `policyHelper` prints, and the file that device management installs. */
import type { Effective } from '@gatehouse/rules/resolve';
import { type ManagedSettings, managedSettings } from '../settings.ts';

/** The client ignores output above this size. */
const maxHelperBytes = 1_000_000;

/** A `policyHelper` prints exactly this: without the wrapper the client applies nothing and says nothing. */
export function policyHelperOutput(effective: Effective, gateway: { publicUrl: string }): { managedSettings: ManagedSettings } {
  const output = { managedSettings: managedSettings(effective, gateway) };
  const bytes = Buffer.byteLength(JSON.stringify(output));
  if (bytes > maxHelperBytes) throw new RangeError(`A policyHelper may print ${maxHelperBytes} bytes, these settings have ${bytes}`);
  return output;
}

/**
 * `managed-settings.json` of a machine that one person uses. It pins the way to sign in that the policy names, unless the policy's own
 * settings do, or name an `apiKeyHelper`, which a pinned sign-in would disable.
 */
export function machineFile(effective: Effective, gateway: { publicUrl: string }): ManagedSettings {
  const settings = managedSettings(effective, gateway);
  const { routes } = effective;
  if ('forceLoginMethod' in settings || 'apiKeyHelper' in settings) return settings;
  if (routes.default === 'enterprise') return { ...settings, forceLoginMethod: 'claudeai' };
  if (routes.default === 'governed' && routes.governed_through === 'gatehouse')
    return { ...settings, forceLoginMethod: 'gateway', forceLoginGatewayUrl: gateway.publicUrl };
  return settings;
}

/** `managed-settings.json` of a machine that several people use: each start asks the helper. @param helper.path absolute. */
export function helperFile(helper: { path: string; refreshMinutes: number }): ManagedSettings {
  return { policyHelper: { path: helper.path, timeoutMs: 10_000, refreshIntervalMs: Math.max(1, helper.refreshMinutes) * 60_000 } };
}
