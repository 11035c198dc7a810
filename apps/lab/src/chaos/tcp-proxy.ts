// A TCP proxy to a server that can be slow, silent or cut, to simulate a faulty network.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Line {
  port: number;
  /** Delay of each piece of data in either direction, in milliseconds. */
  slowBy(milliseconds: number): void;
  /** Whether the connection is silent: no data passes, and no side is notified. */
  silence(isSilent: boolean): void;
  /** Breaks all connections, and refuses new ones with a reset. */
  cut(isCut: boolean): void;
  stop(): Promise<void>;
}

export async function startLine(target: { host: string; port: number }): Promise<Line> {
  const state = { delayMs: 0, isSilent: false, isCut: false };
  const pairs = new Set<[Socket, Socket]>();
  const waiting: (() => void)[] = [];
  const pass = (from: Socket, to: Socket) => {
    // Sends the pieces in order, so that none overtakes a delayed one.
    let last: Promise<void> = Promise.resolve();
    const queue = (step: () => void) => {
      last = last
        .then(() => delayed(state.delayMs))
        .then(() => (state.isSilent ? new Promise<void>((go) => waiting.push(go)) : undefined))
        .then(step);
    };
    from.on('data', (piece: Buffer) => queue(() => void to.write(piece)));
    from.on('end', () => queue(() => void to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => queue(() => void to.destroy()));
  };
  const server = createServer((near) => {
    if (state.isCut) return void near.resetAndDestroy();
    const far = connect(target);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.once('close', () => pairs.delete(pair));
    pass(near, far);
    pass(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = () => {
    for (const [near, far] of pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  const wake = () => {
    for (const go of waiting.splice(0)) go();
  };
  return {
    port: (server.address() as AddressInfo).port,
    slowBy: (milliseconds) => void (state.delayMs = milliseconds),
    silence(isSilent) {
      state.isSilent = isSilent;
      if (!isSilent) wake();
    },
    cut(isCut) {
      state.isCut = isCut;
      if (isCut) breakAll();
    },
    async stop() {
      state.isSilent = false;
      wake();
      breakAll();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

const delayed = (milliseconds: number): Promise<void> | undefined =>
  milliseconds === 0 ? undefined : new Promise((done) => setTimeout(done, milliseconds));
