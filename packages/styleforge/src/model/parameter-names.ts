// How the weights of a run are named: the component, a dot, and the name that upstream gives the weight.
import { type ComponentName, kindOf, type NetworkKind } from '@styleforge/model-files';

export const prefixOf = (component: ComponentName): string => `${component}.`;

/** The prefix of the layers that adapters of the U-Net name. */
export const UNET_PREFIX = prefixOf('unet');

/** The component that a weight of a run belongs to. */
export function componentOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}

/** Which kind of network a weight of a run belongs to. */
export const networkOf = (name: string): NetworkKind | undefined => kindOf(componentOf(name));
