// The environment of a process that must not hold on to memory it has freed.

/** glibc then maps every block of a megabyte or more by itself, and gives it back as soon as it is freed (mallopt(3)). */
const GIVE_MEMORY_BACK = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_TRIM_THRESHOLD_: '1048576', MALLOC_ARENA_MAX: '1' };

/** For a child process; a running one cannot change its allocator. */
export function lowMemoryEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...env, ...GIVE_MEMORY_BACK };
}

/** Whether this process was started with lowMemoryEnvironment(). */
export function isLowMemoryProcess(env: NodeJS.ProcessEnv = process.env): boolean {
  return Object.entries(GIVE_MEMORY_BACK).every(([name, value]) => env[name] === value);
}
