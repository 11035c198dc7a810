// The health check of an image: asks the process inside whether it is alive.
const port = process.env.WORKER_PORT ?? process.env.PORT;
const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) }).catch(() => undefined);
process.exit(answer?.ok ? 0 : 1);
