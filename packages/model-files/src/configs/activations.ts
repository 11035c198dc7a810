// Names in configs of activations, and of ways to apply the time embedding.
export type Activation = 'silu' | 'gelu' | 'quick_gelu' | 'relu';
export type TimeScaleShift = 'default' | 'scale_shift';
