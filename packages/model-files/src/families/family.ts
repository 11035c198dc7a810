// What the files of a model family are: its components, their tokenizers, and their places in the original single file.
import { type JsonObject } from '../files/read-files.ts';

/** The folders of a diffusers checkpoint that hold a network. */
export type ComponentName = 'unet' | 'vae' | 'text_encoder' | 'text_encoder_2';

/** What a component is, which decides how its config and its weights are read. */
export type NetworkKind = 'unet' | 'autoencoder' | 'text-encoder';

/** Where a component is in the original single-file layout. */
export interface SingleFilePlace {
  /** Prefix before the names of the original layout; undefined where the layout has OpenCLIP's names alone. */
  readonly prefix?: string;
  /** A prefix that older trainers wrote. */
  readonly olderPrefix?: string;
  /** Prefix before OpenCLIP's names, for text encoders that come from there. */
  readonly openClipPrefix?: string;
}

export interface ComponentFiles {
  readonly name: ComponentName;
  readonly network: NetworkKind;
  /** The folder of the tokenizer whose ids it reads. */
  readonly tokenizer?: string;
  /** The key of its rows in an embedding's file, as A1111 and ComfyUI have it. */
  readonly embeddingKey?: string;
  /** It projects the end of a text to one vector. */
  readonly projects?: boolean;
  readonly singleFile: SingleFilePlace;
}

/** How kohya's LoRA files name the family. */
export interface KohyaNames {
  /** The U-Net's layers have the names of the original layout there. */
  readonly original: boolean;
  /** `ss_base_model_version`, by the width of the first text encoder. */
  readonly version: (textWidth: number) => string;
}

/** Base models of a family that share the width of their text states, and so what adapters fit. */
export interface FamilyVariant {
  readonly name: string;
  readonly contextWidth: number;
}

export interface FamilyFiles<Name extends string = string> {
  readonly name: Name;
  readonly title: string;
  readonly variants: readonly FamilyVariant[];
  readonly components: readonly ComponentFiles[];
  /** Whether a folder with this `model_index.json` is of the family. */
  readonly isNamedBy: (modelIndex: JsonObject) => boolean;
  /** How many numbers of an image join the U-Net's time embedding, in addition to a projected text. */
  readonly imageNumbers: number;
  readonly kohya: KohyaNames;
  /** Blocks of the U-Net that carry one part of an image, by the name of the choice: part -> block. */
  readonly blocks: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Whether `model_index.json` names a part that is there: absent ones are [null, null]. */
export function namesPart(modelIndex: JsonObject, part: string): boolean {
  const value = modelIndex[part];
  return Array.isArray(value) && value[0] !== null;
}
