// Public surface of the configuration package.
export { type Config, ConfigError, environmentOf, loadConfig, type ObjectStoreConfig } from './config.ts';
