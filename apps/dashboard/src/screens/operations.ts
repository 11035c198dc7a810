// Screens of the installation and of this browser's settings, bundled to one file.
export { Keys } from './keys/keys.tsx';
export { Machines } from './machines/machines.tsx';
export { Settings } from './settings/settings.tsx';
export { Webhooks } from './webhooks/webhooks.tsx';
