// What stands in a file's place where something else was downloaded: told from its first bytes, with what to do.

export interface ForeignFile {
  readonly is: string;
  readonly remedy: string;
}

const again = 'download the file itself';
const kinds: readonly (ForeignFile & { readonly begins: RegExp })[] = [
  {
    begins: /^version https:\/\/git-lfs/,
    is: 'a Git LFS pointer, not the file that it points to',
    remedy: `run 'git lfs pull' in the repository, or ${again}`,
  },
  {
    begins: /^\s*<(!doctype|html|\?xml|head|body)/i,
    is: 'a web page (HTML), not the file',
    remedy: `${again}; a page of this kind often asks for a login or a confirmation`,
  },
  {
    begins: /^PK\x03\x04/,
    is: 'a zip archive, as torch.save and packers write it',
    remedy: 'convert the checkpoint to safetensors first, or unpack the archive',
  },
  { begins: /^\x80[\x02-\x05]/, is: 'a Python pickle', remedy: 'convert the checkpoint to safetensors first' },
  { begins: /^\x1f\x8b/, is: 'compressed by gzip', remedy: 'unpack it first' },
  { begins: /^GGUF/, is: 'a GGUF file', remedy: 'take the safetensors file of the model' },
];

/** Undefined where the bytes are not those of a known stranger. Some first hundred bytes are enough. */
export function foreignFile(start: Uint8Array | string): ForeignFile | undefined {
  const text = typeof start === 'string' ? start.slice(0, 512) : Buffer.from(start.subarray(0, 512)).toString('latin1');
  return kinds.find(({ begins }) => begins.test(text.replace(/^(\ufeff|\u00ef\u00bb\u00bf)/, '')));
}
