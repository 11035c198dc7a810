// Parts that write YAML, in one file to load: its library is a fifth of all JavaScript.
export { CodeDialog } from '../ui/code-dialog.tsx';
export { ConfigTab } from './job/config.tsx';
export { YamlView } from './train/yaml-view.tsx';
