// Tells errors of an unreachable database from errors of the work itself.

/** Error codes of Node's sockets, Postgres (connection exceptions, shutting down, too many connections) and Prisma. */
const CODES =
  /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08...|57P0[1-5]|53300|P1001|P1002|P1008|P1017|P2024|P2028)$/;
/** Messages of the driver that have no code. */
const MESSAGES =
  /Connection terminated|Connection ended|not queryable|Can't reach database server|server (?:has )?closed the connection|timeout exceeded when trying to connect|database system is (?:starting up|shutting down|in recovery)|not currently accepting connections|Unable to start a transaction in the given time/i;

/** Whether the error or one of its causes says so; Prisma and its driver wrap the first one. */
export function isDatabaseAway(error: unknown): boolean {
  return causesOf(error).some(({ code, message }) => (typeof code === 'string' && CODES.test(code)) || MESSAGES.test(String(message)));
}

type Cause = { code?: unknown; message?: unknown };
type Wrapped = Cause & { cause?: unknown; errors?: unknown[]; originalCode?: unknown; meta?: { driverAdapterError?: unknown } };

function causesOf(error: unknown, depth = 0): Cause[] {
  if (typeof error !== 'object' || error === null || depth > 5) return [];
  const { code, message, cause, errors = [], originalCode, meta } = error as Wrapped;
  const inner = [cause, meta?.driverAdapterError, ...(Array.isArray(errors) ? errors : [])];
  return [{ code, message }, { code: originalCode }, ...inner.flatMap((wrapped) => causesOf(wrapped, depth + 1))];
}
