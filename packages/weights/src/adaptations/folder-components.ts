// The components of a diffusers folder by name, so that adapters reach all of them without knowing any.
import { type DiffusersComponent, type DiffusersFolder } from '../diffusers-reader.ts';

const FIELDS = { unet: 'unet', vae: 'vae', text_encoder: 'textEncoder' } as const;

type ComponentName = keyof typeof FIELDS;

export function componentEntries(folder: DiffusersFolder): [ComponentName, DiffusersComponent][] {
  return Object.entries(FIELDS).map(([name, field]) => [name as ComponentName, folder[field]]);
}

/** The folder with each component replaced by what `change` makes of it. */
export function withComponents(
  folder: DiffusersFolder,
  change: (name: string, component: DiffusersComponent) => DiffusersComponent,
): DiffusersFolder {
  const changed = componentEntries(folder).map(([name, component]) => [FIELDS[name], change(name, component)] as const);
  return { ...folder, ...Object.fromEntries(changed) };
}
