// The parameters that the service writes into its PNGs, read back from a file.
const SIGNATURE = 8;
const HEAD = 8;
const CRC = 4;

/** Text chunks by keyword: tEXt, and iTXt that is not compressed. */
function textsOf(bytes: Uint8Array): Map<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts = new Map<string, string>();
  for (let at = SIGNATURE; at + HEAD < bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + HEAD, at + HEAD + length);
    const end = data.indexOf(0);
    const keyword = new TextDecoder('latin1').decode(data.subarray(0, end));
    if (type === 'tEXt') texts.set(keyword, new TextDecoder('latin1').decode(data.subarray(end + 1)));
    if (type === 'iTXt') texts.set(keyword, new TextDecoder().decode(data.subarray(data.indexOf(0, data.indexOf(0, end + 3) + 1) + 1)));
    at += HEAD + length + CRC;
  }
  return texts;
}

export interface ImageParameters {
  prompt: string;
  negative: string;
  seed?: number;
  steps?: number;
  guidance?: number;
  sampler?: string;
}

/** The form that AUTOMATIC1111 made usual: prompt, negative prompt, then `Steps: 30, Sampler: ddim, CFG scale: 4, Seed: 7`. */
export function parseParameters(text: string): ImageParameters {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => /^Steps: /.test(line));
  const settings = new Map(
    (lines[at] ?? '').split(/,\s*/).map((pair): [string, string] => {
      const [name = '', value = ''] = pair.split(/:\s*/);
      return [name.toLowerCase(), value];
    }),
  );
  const words = lines
    .slice(0, at === -1 ? undefined : at)
    .join('\n')
    .split(/\nNegative prompt: /);
  const number = (name: string) => (settings.has(name) ? { [name === 'cfg scale' ? 'guidance' : name]: Number(settings.get(name)) } : {});
  return {
    prompt: words[0]?.trim() ?? '',
    negative: words[1]?.trim() ?? '',
    ...number('seed'),
    ...number('steps'),
    ...number('cfg scale'),
    ...(settings.get('sampler') && { sampler: settings.get('sampler')! }),
  };
}

export async function readParameters(file: Blob): Promise<ImageParameters | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (String.fromCharCode(...bytes.subarray(1, 4)) !== 'PNG') return null;
  const text = textsOf(bytes).get('parameters');
  return text === undefined ? null : parseParameters(text);
}
