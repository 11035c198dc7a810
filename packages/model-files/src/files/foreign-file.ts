// Recognizes by its first bytes what was downloaded instead of the expected file, and says what to do.

export interface ForeignFile {
  readonly is: string;
  readonly remedy: string;
}

const again = 'download the file itself';
const begins =
  (...signature: number[]) =>
  (text: string): boolean =>
    signature.every((code, i) => text.charCodeAt(i) === code);
const pickleProtocols = [2, 3, 4, 5];

/** Foreign formats, recognized by their first characters, with one character for each byte. */
const kinds: readonly (ForeignFile & { readonly matches: (text: string) => boolean })[] = [
  {
    matches: (text) => text.startsWith('version https://git-lfs'),
    is: 'a Git LFS pointer, not the file that it points to',
    remedy: `run 'git lfs pull' in the repository, or ${again}`,
  },
  {
    matches: (text) => /^\s*<(!doctype|html|\?xml|head|body)/i.test(text),
    is: 'a web page (HTML), not the file',
    remedy: `${again}; a page of this kind often asks for a login or a confirmation`,
  },
  {
    matches: begins(0x50, 0x4b, 3, 4),
    is: 'a zip archive, as torch.save and packers write it',
    remedy: 'convert the checkpoint to safetensors first, or unpack the archive',
  },
  {
    matches: (text) => pickleProtocols.some((protocol) => begins(0x80, protocol)(text)),
    is: 'a Python pickle',
    remedy: 'convert the checkpoint to safetensors first',
  },
  { matches: begins(0x1f, 0x8b), is: 'compressed by gzip', remedy: 'unpack it first' },
  { matches: (text) => text.startsWith('GGUF'), is: 'a GGUF file', remedy: 'take the safetensors file of the model' },
];

/** Undefined if the bytes match no known format. The first few hundred bytes suffice. */
export function foreignFile(start: Uint8Array | string): ForeignFile | undefined {
  const text = typeof start === 'string' ? start.slice(0, 512) : Buffer.from(start.subarray(0, 512)).toString('latin1');
  const withoutMark = text.replace(/^(\ufeff|\u00ef\u00bb\u00bf)/, '');
  return kinds.find(({ matches }) => matches(withoutMark));
}
