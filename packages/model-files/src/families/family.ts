// The files of a model family: its components, their tokenizers, and their locations in the original single file.
import { type JsonObject } from '../files/read-files.ts';

/** Folders of a diffusers checkpoint that contain a network. */
export type ComponentName = 'unet' | 'vae' | 'text_encoder' | 'text_encoder_2';

/** The kind of network, which decides how its config and weights are read. */
export type NetworkKind = 'unet' | 'autoencoder' | 'text-encoder';

/** Location of a component in the original single-file layout. */
export interface SingleFilePlace {
  /** Prefix of names in the original layout; undefined if the layout only has OpenCLIP's names. */
  readonly prefix?: string;
  /** Prefix that older trainers used. */
  readonly olderPrefix?: string;
  /** Prefix of OpenCLIP's names, for text encoders that come from OpenCLIP. */
  readonly openClipPrefix?: string;
}

export interface ComponentFiles {
  readonly name: ComponentName;
  readonly network: NetworkKind;
  /** Folder of its tokenizer. */
  readonly tokenizer?: string;
  /** Key of its rows in an embedding file of A1111 or ComfyUI. */
  readonly embeddingKey?: string;
  /** Keys of other programs, which are read but not written. */
  readonly otherEmbeddingKeys?: readonly string[];
  /** Whether it projects the end of a text to one vector. */
  readonly projects?: boolean;
  readonly singleFile: SingleFilePlace;
}

/** Names of the family in kohya's LoRA files. */
export interface KohyaNames {
  /** Whether the U-Net's layers have the names of the original layout. */
  readonly original: boolean;
  /** `ss_base_model_version`, by the width of the first text encoder. */
  readonly version: (textWidth: number) => string;
}

/** Base models of a family with the same width of text states, for which the same adapters fit. */
export interface FamilyVariant {
  readonly name: string;
  readonly contextWidth: number;
}

export interface FamilyFiles<Name extends string = string> {
  readonly name: Name;
  readonly title: string;
  readonly variants: readonly FamilyVariant[];
  readonly components: readonly ComponentFiles[];
  /** Whether a folder with this `model_index.json` belongs to the family. */
  readonly isNamedBy: (modelIndex: JsonObject) => boolean;
  /** Number of an image's values that are added to the U-Net's time embedding, in addition to a projected text. */
  readonly imageNumbers: number;
  readonly kohya: KohyaNames;
  /** Fields of the scheduler config that upstream's pipelines of the family set, whatever the file says. Latents are not bounded by 1. */
  readonly samplerFields: JsonObject;
  /** Blocks of the U-Net that control one part of an image, by the name of the choice: part -> block. */
  readonly blocks: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Whether `model_index.json` names the part; [null, null] stands for an absent one. */
export function namesPart(modelIndex: JsonObject, part: string): boolean {
  const value = modelIndex[part];
  return Array.isArray(value) && value[0] !== null;
}
