// Shows images in terminals that support the protocol of kitty or of iTerm2.
import type { Environment } from '../environment.ts';

export type ImageProtocol = 'kitty' | 'iterm2';

const KITTY_TERMINALS = ['xterm-kitty', 'xterm-ghostty'];
const ITERM_PROGRAMS = ['iTerm.app', 'WezTerm', 'mintty'];
/** Kitty takes an image in pieces of at most this many base64 characters. */
const KITTY_CHUNK = 4096;

export function imageProtocol({ terminal }: Pick<Environment, 'terminal'>, isTerminal: boolean): ImageProtocol | undefined {
  if (!isTerminal) return undefined;
  if (terminal.isKitty || KITTY_TERMINALS.includes(terminal.term)) return 'kitty';
  return ITERM_PROGRAMS.includes(terminal.program) ? 'iterm2' : undefined;
}

export function inlineImage(protocol: ImageProtocol, png: Uint8Array): string {
  const data = Buffer.from(png).toString('base64');
  return protocol === 'kitty' ? kitty(data) : `\x1b]1337;File=inline=1;size=${png.length};preserveAspectRatio=1:${data}\x07\n`;
}

function kitty(data: string): string {
  const chunks = data.match(new RegExp(`.{1,${KITTY_CHUNK}}`, 'g')) ?? [];
  const escape = (chunk: string, index: number) => {
    const more = index < chunks.length - 1 ? 1 : 0;
    return `\x1b_G${index === 0 ? `a=T,f=100,m=${more}` : `m=${more}`};${chunk}\x1b\\`;
  };
  return `${chunks.map(escape).join('')}\n`;
}
