// The problem answers of a route, for its response schema.
import { ERRORS, problem } from '@styleforge/contracts';
import type { ErrorCode } from '@styleforge/contracts';
import { PROBLEM_TYPE } from '../errors/error-handler.ts';

const ANY_ROUTE: ErrorCode[] = ['unauthorized', 'insufficient_scope', 'rate_limited', 'internal_error'];

type ProblemResponse = { description: string; content: { [PROBLEM_TYPE]: { schema: typeof problem } } };

/** Codes with the same status share one answer. */
export function problemResponses(...codes: ErrorCode[]): Record<number, ProblemResponse> {
  const responses: Record<number, ProblemResponse> = {};
  for (const code of [...codes, ...ANY_ROUTE]) {
    const { status } = ERRORS[code];
    const sameStatus = [...new Set([...codes, ...ANY_ROUTE])].filter((other) => ERRORS[other].status === status);
    const description = sameStatus.map((other) => `\`${other}\`: ${ERRORS[other].title}`).join('. ');
    responses[status] = { description, content: { [PROBLEM_TYPE]: { schema: problem } } };
  }
  return responses;
}
