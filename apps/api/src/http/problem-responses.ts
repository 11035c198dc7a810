// The problem responses of a route, for its response schema.
import { ERRORS, problem } from '@styleforge/contracts';
import type { ErrorCode } from '@styleforge/contracts';
import { PROBLEM_TYPE } from '../errors/error-handler.ts';

const ANY_ROUTE: ErrorCode[] = ['unauthorized', 'insufficient_scope', 'rate_limited', 'internal_error', 'dependency_unavailable'];

type ProblemResponse = { description: string; content: { [PROBLEM_TYPE]: { schema: typeof problem } } };

/** Codes with the same status share one response. */
export function problemResponses(...codes: ErrorCode[]): Record<number, ProblemResponse> {
  const all = [...new Set([...codes, ...ANY_ROUTE])];
  return Object.fromEntries(
    all.map((code) => [ERRORS[code].status, problemResponse(all.filter((other) => ERRORS[other].status === ERRORS[code].status))]),
  );
}

export function problemResponse(codes: ErrorCode[]): ProblemResponse {
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('. ');
  return { description, content: { [PROBLEM_TYPE]: { schema: problem } } };
}
