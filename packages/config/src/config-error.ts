// The error of settings that do not fit.

/** A setting is missing or malformed; the message names every variable concerned. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
