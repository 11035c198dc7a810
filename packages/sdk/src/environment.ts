// Settings from the environment, for options that the program omits; a browser has none.
type Environment = Record<string, string | undefined>;

/** Reads a variable; an empty one counts as not set. */
export function readEnvironment(name: 'STYLEFORGE_API_KEY' | 'STYLEFORGE_BASE_URL'): string | undefined {
  const { process } = globalThis as { process?: { env?: Environment } };
  return process?.env?.[name]?.trim() || undefined;
}
