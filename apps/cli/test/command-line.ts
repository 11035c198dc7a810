// Runs the command as a shell would, in a folder and with a configuration of its own.
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ownEntry = fileURLToPath(new URL('../bin/styleforge.mjs', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandLine {
  directory: string;
  environment: Record<string, string>;
  /** The command of another installation. */
  entry?: string;
}

export interface RunOptions {
  input?: string;
  /** Sends Ctrl-C once this stands on standard error. */
  interruptAt?: RegExp;
}

export function styleforge(
  { directory, environment, entry = ownEntry }: CommandLine,
  args: string[],
  { input, interruptAt }: RunOptions = {},
): Promise<Ended> {
  const { PATH = '' } = globalThis.process.env;
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [entry, ...args], { cwd: directory, env: { PATH, XDG_CONFIG_HOME: directory, ...environment } });
    let [stdout, stderr] = ['', ''];
    let isInterrupted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      // A second one would end the command at once.
      if (!isInterrupted && interruptAt?.test(stderr)) isInterrupted = child.kill('SIGINT');
    });
    child.on('error', fail);
    child.on('close', (code) => done({ code, stdout, stderr }));
    child.stdin.end(input ?? '');
  });
}

/** Runs it in a terminal of this kind, as util-linux' `script` makes one; returns all that the terminal was sent. */
export async function inTerminal({ directory, environment }: CommandLine, term: string, args: string[]): Promise<string> {
  const { PATH = '' } = globalThis.process.env;
  const command = [process.execPath, ownEntry, ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const running = promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    cwd: directory,
    env: { PATH, TERM: term, SHELL: '/bin/sh', XDG_CONFIG_HOME: directory, ...environment },
    maxBuffer: 64 << 20,
  });
  return (await running).stdout;
}
