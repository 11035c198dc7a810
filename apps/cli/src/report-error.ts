// Writes a failure to standard error: the problem and its remedy, or JSON with --json.
import { ERRORS } from '@styleforge/contracts';
import { APIConnectionError, APIError } from '@styleforge/sdk';
import { Detached } from './exit-codes.ts';

export function reportError(error: unknown, json: boolean): void {
  const lines = json ? [JSON.stringify({ error: toBody(error) })] : toLines(error);
  process.stderr.write(`${lines.join('\n')}\n`);
}

function toBody(error: unknown): object {
  const message = messageOf(error);
  if (!(error instanceof APIError)) return { name: (error as Error).name, message };
  const { name, code, status, errors, requestId } = error;
  return { name, message: error.detail, code, status, errors, request_id: requestId };
}

function toLines(error: unknown): string[] {
  if (error instanceof Detached) return [`\n${error.message}`];
  if (error instanceof APIConnectionError)
    return [
      `error: ${error.message}`,
      'Is the service running (`npm start`), and is its address right? Run `styleforge doctor` to find out.',
    ];
  if (!(error instanceof APIError)) return [`error: ${messageOf(error)}`];
  const fields = error.errors.length > 1 ? error.errors.map(({ pointer, detail }) => `  ${pointer}: ${detail}`) : [];
  const remedy = remedyOf(error);
  return [
    `error: ${error.detail}`,
    ...fields,
    ...(remedy ? [remedy] : []),
    ...(error.requestId ? [`(${error.code ?? error.status}, request ${error.requestId})`] : []),
  ];
}

/** The general remedy for the error's code. Omitted where the list of fields, or the detail of a 404, is more specific. */
function remedyOf({ code, errors }: APIError): string | undefined {
  return code === undefined || code === 'not_found' || errors.length > 0 ? undefined : ERRORS[code].remedy;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
