// Deterministic pseudo-random choices: the same seed and key always give the same value.

/** 32-bit FNV-1a over the UTF-16 units of the key, with a final avalanche that makes the low bits usable. */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash ^= key.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A uniform number in [0, 1) that depends on the key only. */
export function unitOf(key: string): number {
  return hashKey(key) / 0x1_0000_0000;
}
