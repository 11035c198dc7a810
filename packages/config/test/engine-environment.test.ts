// The environment of processes that run the engine.
import { describe, expect, it } from 'vitest';
import { engineEnvironment, hasEngineEnvironment } from '@styleforge/config';

describe('engineEnvironment', () => {
  it('asks for huge pages in addition to tunables that are set, and keeps a setting of huge pages that is there', () => {
    expect(engineEnvironment({}, {}).GLIBC_TUNABLES).toBe('glibc.malloc.hugetlb=1');
    expect(engineEnvironment({}, { GLIBC_TUNABLES: 'glibc.malloc.check=1' }).GLIBC_TUNABLES).toBe(
      'glibc.malloc.check=1:glibc.malloc.hugetlb=1',
    );
    expect(engineEnvironment({}, { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' }).GLIBC_TUNABLES).toBe('glibc.malloc.hugetlb=0');
  });

  it('is recognized by a process that was started with it', () => {
    expect(hasEngineEnvironment({}, {})).toBe(false);
    expect(hasEngineEnvironment({}, engineEnvironment({}, { HOME: '/home' }))).toBe(true);
    expect(hasEngineEnvironment({ savesMemory: true }, engineEnvironment({}, {}))).toBe(false);
    expect(hasEngineEnvironment({ savesMemory: true }, engineEnvironment({ savesMemory: true }, {}))).toBe(true);
  });
});
