// The parameters in an image, dropped or chosen, become those of the form.
import { type ImageParameters, readImageParameters } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useRef } from 'react';
import { notify } from '../../data/toasts.ts';
import { type PlaySettings, SAMPLERS, START } from './play-form.tsx';

/** Settings of the form from an image; those that it does not name are as at the beginning. */
export function settingsFrom(read: ImageParameters): PlaySettings {
  return {
    ...START,
    hasStyle: false,
    // a line is a prompt, and this is one
    prompts: read.prompt.replaceAll(/\s*\n\s*/g, ' '),
    negative: read.negative_prompt?.replaceAll(/\s*\n\s*/g, ' ') ?? '',
    seed: read.seed ?? null,
    steps: read.steps ?? null,
    guidance: read.guidance_scale ?? null,
    width: read.width ?? null,
    height: read.height ?? null,
    strength: read.strength ?? START.strength,
    sampler: SAMPLERS.find((name) => name === read.sampler) ?? '',
  };
}

type OnRead = (settings: PlaySettings, model: string | undefined) => void;

export async function readParameters(file: File, onRead: OnRead): Promise<void> {
  if (!file.type.startsWith('image/')) return void notify({ title: `${file.name} is not an image`, isError: true });
  const read = await readImageParameters(file).catch(() => null);
  if (!read) {
    const detail = 'Programs that edit or send images often remove them. To begin from it, choose it under “Start from an image”.';
    return void notify({ title: `${file.name} contains no parameters`, detail, isError: true });
  }
  const settings = settingsFrom(read);
  const isOther = read.sampler && settings.sampler === '';
  notify({
    title: `The parameters of ${file.name} were copied into the form`,
    ...(isOther && { detail: `Its sampler, ${read.sampler}, does not exist here: the default is used.` }),
  });
  onRead(settings, read.model);
}

export function ReadButton({ onFile }: { onFile(file: File): void }): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="button" onClick={() => input.current?.click()}>
        Read an image's parameters
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept="image/png,image/jpeg,image/webp"
        onChange={({ target }) => {
          if (target.files?.[0]) onFile(target.files[0]);
          target.value = '';
        }}
      />
    </>
  );
}
