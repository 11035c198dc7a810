// Parts that use YAML, bundled to one file, because the YAML library is a fifth of all JavaScript.
import './shared.ts';

export { ConfigTab } from './job/config.tsx';
export { YamlView } from './train/yaml-view.tsx';
