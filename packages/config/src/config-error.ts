// The error for missing or malformed settings.

/** A setting is missing or malformed; the message names every variable concerned. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
