// The worker: started as a process by main.ts, or inside another one.
export { startWorker } from './worker.ts';
