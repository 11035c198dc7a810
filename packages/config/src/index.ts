// Public surface of the configuration package.
export { visibleCards } from './visible-cards.ts';
export { engineEnvironment, type EngineEnvironmentOptions, hasEngineEnvironment } from './engine-environment.ts';
export { type AddressPolicy, createAddressPolicy, literalAddress } from './address-policy.ts';
export { checkedLookup, ForbiddenAddressError, refuseForbiddenLiteral } from './checked-lookup.ts';
export type { FlowConfig } from './flow-settings.ts';
export { ConfigError } from './config-error.ts';
export { type Config, environmentOf, environmentSchema, loadConfig } from './config.ts';
export { type ObjectStoreConfig, type S3Config } from './store-config.ts';
export { isWildcard, listenError, type ListeningAddress, urlOf } from './listening.ts';
export type { WorkerConfig } from './worker-settings.ts';
export { type ExtractorSettings, type ExtractorWeights } from './extractor-settings.ts';
export type { OperationsConfig } from './operations-settings.ts';
export { describeConfiguration } from './describe-configuration.ts';
