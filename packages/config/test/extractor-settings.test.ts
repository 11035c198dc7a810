// Settings of the extractors' weights: their meaning, refused combinations, and the way through a child's environment.
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, environmentOf, loadConfig } from '@styleforge/config';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
const everyWay = [
  [
    { INCEPTION_WEIGHTS: 'weights/inception.pth', METRICS_PYTHON: '/usr/bin/python3' },
    { inception: { path: resolve('weights/inception.pth') }, python: '/usr/bin/python3' },
  ],
  [
    { INCEPTION_WEIGHTS_URL: 'https://models.example/i.pth', INCEPTION_WEIGHTS_SHA256: a.toUpperCase() },
    { inception: { url: 'https://models.example/i.pth', sha256: a } },
  ],
  [{ INCEPTION_WEIGHTS_OBJECT: 'weights/i.pth', INCEPTION_WEIGHTS_SHA256: a }, { inception: { objectKey: 'weights/i.pth', sha256: a } }],
  [
    { CLIP_WEIGHTS_URL: 'https://models.example/clip', CLIP_WEIGHTS_FILES: `config.json=${a}, model.safetensors=${b}` },
    { clip: { url: 'https://models.example/clip', files: { 'config.json': a, 'model.safetensors': b } } },
  ],
  [
    { CLIP_WEIGHTS_OBJECT: 'weights/clip', EXTRACTOR_CACHE_DIRECTORY: 'cache' },
    { clip: { objectKey: 'weights/clip' }, cacheDirectory: resolve('cache') },
  ],
] as const;

describe('extractor weights', () => {
  it.each(everyWay)('%o', (env, expected) => {
    const config = loadConfig(env);
    expect(config.extractors).toEqual({ cacheDirectory: resolve('.styleforge/extractors'), ...expected });
    expect(loadConfig(environmentOf(config, { CLIP_WEIGHTS: 'stale', INCEPTION_WEIGHTS: 'stale' }))).toEqual(config);
  });

  it.each([
    [{ INCEPTION_WEIGHTS_URL: 'https://models.example/i.pth' }, /^INCEPTION_WEIGHTS_SHA256: is required for a download/],
    [{ INCEPTION_WEIGHTS_URL: 'ftp://models.example/i.pth', INCEPTION_WEIGHTS_SHA256: a }, /^INCEPTION_WEIGHTS_URL: must be a URL/],
    [{ INCEPTION_WEIGHTS_SHA256: 'abc' }, /^INCEPTION_WEIGHTS_SHA256: must be 64/],
    [{ CLIP_WEIGHTS: 'a', CLIP_WEIGHTS_OBJECT: 'b' }, /^CLIP_WEIGHTS, CLIP_WEIGHTS_OBJECT: set one of them/],
    [{ CLIP_WEIGHTS_URL: 'https://models.example/clip' }, /^CLIP_WEIGHTS_FILES: is required for a download/],
    [{ CLIP_WEIGHTS_FILES: 'config.json' }, /^CLIP_WEIGHTS_FILES: "config.json" is not valid/],
  ])('refuses %o', (env, message) => {
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(message);
  });
});
