// The command line of one program of the lab: parsed options, `--help` generated from them, and exit code 2 for a wrong call.
import { VERSION } from '@styleforge/contracts';
import { parseArgs, type ParseArgsConfig } from 'node:util';

type Descriptor = NonNullable<ParseArgsConfig['options']>[string];

export type Option = Descriptor & {
  /** Description for `--help`, one sentence. */
  readonly help: string;
};

const VERSION_OPTION = { type: 'boolean', help: 'print the version' } as const;
const HELP = { type: 'boolean', short: 'h', help: 'show this text' } as const;

interface Program<Options extends Record<string, Option>> {
  /** Command that runs the program, without options: `npm run demo --`. */
  readonly usage: string;
  /** Description of the program in one or two sentences. */
  readonly about: string;
  readonly options: Options;
  /** Whether positional arguments are allowed; `usage` names them. */
  readonly allowPositionals?: boolean;
  /** Arguments to parse. Default: those of the process. */
  readonly args?: readonly string[];
}

type Parsed<Options extends Record<string, Option>> = ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>>;

/** Returns the values and positionals. Prints help and ends the process with 0 for `--help`, with 2 for an option that does not exist. */
export function readCommandLine<const Options extends Record<string, Option>>(program: Program<Options>): Parsed<Options> {
  const { options, allowPositionals = false, args = process.argv.slice(2) } = program;
  try {
    const parsed = parseArgs({ args: [...args], allowPositionals, options: { ...options, version: VERSION_OPTION, help: HELP } });
    const { help, version } = parsed.values as { help?: boolean; version?: boolean };
    if (help || version) {
      console.log(help ? helpText(program) : VERSION);
      process.exit(0);
    }
    return parsed as unknown as Parsed<Options>;
  } catch (error) {
    if (!String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS')) throw error;
    refuseCall(program, (error as Error).message);
  }
}

/** Prints the fault of the arguments and the usage, and ends the process with exit code 2. */
export function refuseCall(program: Program<Record<string, Option>>, problem: string): never {
  console.error(`${problem}\n\n${helpText(program)}`);
  process.exit(2);
}

export function helpText({ usage, about, options }: Program<Record<string, Option>>): string {
  const rows = Object.entries({ ...options, version: VERSION_OPTION, help: HELP }).map(
    ([name, option]) => [signature(name, option), explanation(option)] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return [`Usage: ${usage} [options]`, '', about, '', 'Options:', ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)].join(
    '\n',
  );
}

function signature(name: string, { type, short }: Option): string {
  return `${short ? `-${short}, ` : ''}--${name}${type === 'string' ? ` ${name.split('-').at(-1)?.toUpperCase()}` : ''}`;
}

function explanation({ help, default: standard, multiple }: Option): string {
  const hasDefault = standard !== undefined && standard !== false && String(standard) !== '';
  return `${help}${multiple ? '; may be repeated' : ''}${hasDefault ? ` (default: ${String(standard)})` : ''}`;
}
