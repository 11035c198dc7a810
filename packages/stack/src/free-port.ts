// Finds ports of this machine on which nobody listens.
import { createServer } from 'node:net';

/** A free port; or `port` itself, if it is given. Rejects with the error of `listen` if that port is in use. */
export function freePort(host = '127.0.0.1', port = 0): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
