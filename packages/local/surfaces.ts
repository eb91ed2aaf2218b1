/** Finds every capability's surface: what is in the folder runs, and there is no list to keep. */
import { readdir } from 'node:fs/promises';
import type { Surface } from '@gatehouse/contracts/surface';

const packages = new URL('../', import.meta.url);

export async function loadSurfaces(): Promise<Surface[]> {
  const names = (await readdir(packages, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const found = await Promise.all(
    names.sort().map(async (name) => {
      const files = await readdir(new URL(`${name}/`, packages));
      if (!files.includes('surface.ts')) return undefined;
      const { surface }: { surface: Surface } = await import(new URL(`${name}/surface.ts`, packages).href);
      return surface;
    }),
  );
  return found.filter((surface) => surface !== undefined);
}
