// How the weights of a run are named: the component, a dot, and the name that upstream gives the weight.

export const UNET_PREFIX = 'unet.';
export const TEXT_ENCODER_PREFIX = 'text_encoder.';

/** The component that a weight of a run belongs to. */
export function componentOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}
