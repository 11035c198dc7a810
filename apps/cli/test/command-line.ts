// Runs the command as a shell would, in a folder and with a configuration of its own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../bin/styleforge.mjs', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandLine {
  directory: string;
  environment: Record<string, string>;
}

export interface RunOptions {
  input?: string;
  /** Called with all of standard error so far; may send a signal. */
  onStderr?(text: string, interrupt: () => void): void;
}

export function styleforge({ directory, environment }: CommandLine, args: string[], { input, onStderr }: RunOptions = {}): Promise<Ended> {
  const { PATH = '' } = globalThis.process.env;
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [entry, ...args], { cwd: directory, env: { PATH, XDG_CONFIG_HOME: directory, ...environment } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onStderr?.(stderr, () => child.kill('SIGINT'));
    });
    child.on('error', fail);
    child.on('close', (code) => done({ code, stdout, stderr }));
    child.stdin.end(input ?? '');
  });
}
