// The environment of a process that runs the engine: how its allocator treats large blocks. A running process cannot change it.

/**
 * Large blocks in pages of 2 MiB (glibc's tunables): their first use costs a few page faults instead of thousands
 * (docs/experiments/engine.md).
 */
const HUGE_PAGES = 'glibc.malloc.hugetlb=1';

/** Makes glibc map every block of a megabyte or more separately, and return it as soon as it is freed (mallopt(3)). */
const GIVE_MEMORY_BACK = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_TRIM_THRESHOLD_: '1048576', MALLOC_ARENA_MAX: '1' };

export interface EngineEnvironmentOptions {
  /** Whether freed memory is returned to the system immediately: for Program's `keepMemory: false`. */
  readonly savesMemory?: boolean;
}

/** Environment of a child process. Has no effect if the C library is not glibc. */
export function engineEnvironment(
  { savesMemory = false }: EngineEnvironmentOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const given = env.GLIBC_TUNABLES;
  const tunables = given?.includes('glibc.malloc.hugetlb') ? given : [given, HUGE_PAGES].filter(Boolean).join(':');
  return { ...env, GLIBC_TUNABLES: tunables, ...(savesMemory && GIVE_MEMORY_BACK) };
}

/** Whether this process was started with engineEnvironment() and the same options. */
export function hasEngineEnvironment(options: EngineEnvironmentOptions = {}, env: NodeJS.ProcessEnv = process.env): boolean {
  return Object.entries(engineEnvironment(options, env)).every(([name, value]) => env[name] === value);
}
