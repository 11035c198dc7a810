// Ports of this machine that nobody listens on.
import { createServer } from 'node:net';

/** Any free port; or `port`, which then must be free: otherwise it rejects with the error of `listen`. */
export function freePort(host = '127.0.0.1', port = 0): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
