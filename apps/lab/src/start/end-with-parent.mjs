// Loaded before a service process: when its parent is gone, even by kill -9, the process ends too.
const deadlineMs = 30_000;

process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), deadlineMs).unref();
});
// Listening must not keep a process alive that is done.
process.channel?.unref();
