// Reads the parameters that the service, AUTOMATIC1111's web UI and ComfyUI write into their images.
import type { ImageParameters } from './parameters-in-image.ts';
import { workflowParameters } from './workflow-parameters.ts';

const SIGNATURE = 8;
const HEAD = 8;
const CRC = 4;

/** Text chunks of a PNG by keyword: tEXt, and iTXt that is not compressed. */
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

/** The service's samplers by other programs' names, in lower case. */
const SAMPLERS: Readonly<Record<string, string>> = {
  plms: 'pndm',
  'dpm++ 2m': 'dpmsolver++',
  dpmpp_2m: 'dpmsolver++',
  'dpm++ 2m karras': 'dpmsolver++karras',
  'dpmpp_2m karras': 'dpmsolver++karras',
  uni_pc: 'unipc',
};
const SAME = ['ddim', 'euler', 'unipc'];

function samplerOf(name: string): string {
  const known = name.toLowerCase().trim();
  return SAME.includes(known) ? known : (SAMPLERS[known] ?? name);
}

/** The pairs of a line `Steps: 30, Sampler: DDIM`; a value in quotation marks may contain commas. */
const settingsOf = (line: string): Map<string, string> =>
  new Map(
    [...line.matchAll(/([\w /+-]+):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,\s*|$)/g)].map(([, name = '', value = '']) => [
      name.toLowerCase().trim(),
      value,
    ]),
  );

/** Parses AUTOMATIC1111's format: prompt, negative prompt, then `Steps: 30, Sampler: DDIM, CFG scale: 4, Seed: 7`. */
export function parseParameters(text: string): ImageParameters {
  const lines = text.split('\n');
  const at = lines.findLastIndex((line) => /^Steps: /.test(line));
  const settings = settingsOf(lines[at] ?? '');
  const words = lines
    .slice(0, at === -1 ? undefined : at)
    .join('\n')
    .split(/(?:^|\n)Negative prompt: /);
  const number = (name: string, field: string) => {
    const value = Number(settings.get(name));
    return Number.isNaN(value) ? {} : { [field]: value };
  };
  const [, width, height] = /^(\d+)x(\d+)$/.exec(settings.get('size') ?? '') ?? [];
  // newer versions write the schedule as a setting of its own
  const sampler = [settings.get('sampler'), settings.get('schedule type')].filter((name) => name && name !== 'Automatic').join(' ');
  return {
    prompt: words[0]?.trim() ?? '',
    negative_prompt: words[1]?.trim() ?? null,
    ...number('seed', 'seed'),
    ...number('steps', 'steps'),
    ...number('cfg scale', 'guidance_scale'),
    ...number('denoising strength', 'strength'),
    ...(width && { width: Number(width), height: Number(height) }),
    ...(sampler && { sampler: samplerOf(sampler) }),
    ...(settings.get('model') && { model: settings.get('model')! }),
  };
}

/** The JSON in the EXIF data of WebP and JPEG, in ASCII: from its first brace to the matching one. */
function jsonIn(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder('latin1').decode(bytes);
  const start = text.indexOf('{"prompt":');
  let [depth, isText] = [0, false];
  for (let at = start; at !== -1 && at < text.length; at++) {
    const character = text[at];
    if (isText && character === '\\') at++;
    else if (character === '"') isText = !isText;
    else if (!isText && character === '{') depth++;
    else if (!isText && character === '}' && --depth === 0) return text.slice(start, at + 1);
  }
  return undefined;
}

/** Reads the parameters; null if the image contains none. */
export async function readImageParameters(file: Blob | Uint8Array): Promise<ImageParameters | null> {
  const bytes = file instanceof Uint8Array ? file : new Uint8Array(await file.arrayBuffer());
  const isPng = String.fromCharCode(...bytes.subarray(1, 4)) === 'PNG';
  const texts = isPng ? textsOf(bytes) : new Map<string, string>();
  const json = texts.get('styleforge') ?? (isPng ? undefined : jsonIn(bytes));
  if (json !== undefined) return JSON.parse(json) as ImageParameters;
  const text = texts.get('parameters');
  if (text !== undefined) return parseParameters(text);
  const workflow = texts.get('prompt');
  const read = workflow === undefined ? undefined : workflowParameters(workflow);
  return read === undefined ? null : { ...read, ...(read.sampler && { sampler: samplerOf(read.sampler) }) };
}
