// Parses options of the command line: numbers, and one of several choices.

/** A wrong call of a program. Its message is printed without a stack trace, and the exit code is 2 (packages/launch/src/start.mjs). */
export class CallError extends Error {
  override name = 'CallError';
  readonly exitCode = 2;
}

interface Range {
  /** Default: 1. */
  readonly least?: number;
  /** Whether fractions are allowed. */
  readonly fraction?: boolean;
}

/** Throws a CallError that names the option unless the value is a number of at least `least`. */
export function numberOption(name: string, text: string, { least = 1, fraction = false }: Range = {}): number {
  const value = Number(text);
  const isFit = text.trim() !== '' && Number.isFinite(value) && value >= least && (fraction || Number.isInteger(value));
  if (!isFit) throw new CallError(`--${name} ${text}: give a ${fraction ? 'number' : 'whole number'} from ${least} on`);
  return value;
}

/** Undefined if the option was not given. */
export function optionalNumber(name: string, text: string | undefined, range?: Range): number | undefined {
  return text === undefined ? undefined : numberOption(name, text, range);
}

/** Throws a CallError that names the option and the choices for anything else. */
export function choiceOption<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new CallError(`--${name} ${text}: choose one of ${choices.join(', ')}`);
  return found;
}
