// Names of a run's weights: the component, a dot, and upstream's name.
import { type ComponentName, kindOf, type NetworkKind } from '@styleforge/model-files';

export const prefixOf = (component: ComponentName): string => `${component}.`;

/** Prefix of the layers in the names of U-Net adapters. */
export const UNET_PREFIX = prefixOf('unet');

/** The component of a run's weight. */
export function componentOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}

/** The kind of network of a run's weight. */
export const networkOf = (name: string): NetworkKind | undefined => kindOf(componentOf(name));
