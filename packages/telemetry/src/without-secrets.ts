// Removes secrets from texts for readers without access to the machine.

const REMOVED = '[removed]';
/**
 * Patterns of secrets: keys of this service, of webhooks, of the hub and of AWS; credentials in URLs; signatures of links; headers;
 * assignments.
 */
const PATTERNS: [RegExp, string][] = [
  [/\b(?:sf|whsec|hf|ghp|sk)_[\w+/=-]{8,}/g, REMOVED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REMOVED],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:"']*:[^\s/@"']+@/gi, `$1${REMOVED}@`],
  [/([?&](?:X-Amz-[\w-]+|signature|sig|token|key|expires)=)[^&\s"']+/gi, `$1${REMOVED}`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/g, `$1 ${REMOVED}`],
  [/((?:password|passwd|secret|token|api[_-]?key|access[_-]?key)[\w-]*["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s"',;&}]{4,})/gi, `$1${REMOVED}`],
];
/** Minimum length of a secret. A shorter value is an ordinary word, or protects nothing. */
const SHORTEST = 6;

/** Replaces secrets in a text. `values`: known secrets, in addition to what looks like one. */
export function withoutSecrets(text: string, values: readonly string[] = []): string {
  const known = values.filter((value) => value.length >= SHORTEST).toSorted((a, b) => b.length - a.length);
  const rest = known.reduce((shorter, value) => shorter.replaceAll(value, REMOVED), text);
  return PATTERNS.reduce((shorter, [pattern, replacement]) => shorter.replace(pattern, replacement), rest);
}

/** Values of settings whose names say that they are secret, and passwords in URLs. */
export function secretValues(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (/SECRET|PASSWORD|TOKEN|_KEY$|ACCESS_KEY|CREDENTIAL/.test(name)) return [value];
    const [, password] = /^[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:([^\s/@]+)@/i.exec(value) ?? [];
    return password === undefined ? [] : [password, decodeURIComponent(password)];
  });
}
