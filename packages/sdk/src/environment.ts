// What the environment says when the program does not; in a browser there is none.
type Environment = Record<string, string | undefined>;

/** Empty counts as not set. */
export function readEnvironment(name: 'STYLEFORGE_API_KEY' | 'STYLEFORGE_BASE_URL'): string | undefined {
  const { process } = globalThis as { process?: { env?: Environment } };
  return process?.env?.[name]?.trim() || undefined;
}
