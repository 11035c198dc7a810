// Feature extractors: they turn images (and texts) into rows of features, and are named in every value computed from them.
import type { Features } from '../distances/features.ts';

/** Extractors that are networks with weights. */
export type WeightedExtractorName = 'inception-v3-fid' | 'clip' | 'mini-clip';
export type ExtractorName = WeightedExtractorName | 'texture';

/**
 * How images are resized for the network: `clean` (antialiased bicubic in float), `legacy` (bilinear without
 * antialiasing), `clip` (the preprocessing of the CLIP folder).
 */
export type ResizeRule = 'clean' | 'legacy' | 'clip';

export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** height * width * 3 bytes */
  readonly rgb: Uint8Array;
}

export interface EmbedOptions {
  /** Images in one run of the network, which limits the memory. */
  readonly batchSize?: number;
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

export interface FeatureExtractor {
  readonly name: ExtractorName;
  readonly dimension: number;
  readonly resize: ResizeRule;
  /** SHA-256 of the weights file. */
  readonly weightsSha256: string;
  /** Embeds images of any sizes, one row for each in order, one batch at a time. */
  embedImages(images: Iterable<RgbImage> | AsyncIterable<RgbImage>, options?: EmbedOptions): Promise<Features>;
  /** Embeds texts in the space of the images, one row for each. Only the CLIP extractors have this method. */
  embedTexts?(texts: Iterable<string>, options?: EmbedOptions): Promise<Features>;
  release(): Promise<void>;
}

/** A file with the hash `sha256`, fetched once into the cache directory; an interrupted download continues where it stopped. */
export interface DownloadedFile {
  readonly url: string;
  readonly sha256: string;
}

/** Reads an object from byte `start`; null if there is none. */
export type ObjectReader = (key: string, start: number) => Promise<AsyncIterable<Uint8Array> | null>;

/**
 * Where weights are stored. For `inception-v3-fid` this is one file (.safetensors or the original .pth); for CLIP a folder in
 * transformers' layout: `path` its directory, `files` the download of each of its files by name, `objectKey` its prefix.
 */
export type WeightsSource =
  | { readonly path: string }
  | DownloadedFile
  | { readonly files: Readonly<Record<string, DownloadedFile>> }
  | { readonly objectKey: string; readonly readObject: ObjectReader; readonly sha256?: string };

export interface FetchProgress {
  readonly file: string;
  readonly receivedBytes: number;
  /** Absent if the sender does not say. */
  readonly totalBytes?: number;
}

export interface ExtractorConfig<Name extends ExtractorName = ExtractorName> {
  readonly name: Name;
  /** If absent or empty: ExtractorNotConfiguredError, which names what to set. */
  readonly weights?: WeightsSource;
  /** Folder for downloads and objects; required for all sources except `path`. */
  readonly cacheDirectory?: string;
  /** Resize rule of `inception-v3-fid`; default 'clean'. CLIP has its own. */
  readonly resize?: 'clean' | 'legacy';
  /** Layer of `inception-v3-fid` by its number of features; default 2048 (pool3). */
  readonly tap?: InceptionTap;
  readonly threads?: number;
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly signal?: AbortSignal;
}

export type InceptionTap = 64 | 192 | 768 | 2048;

/** Thrown when the weights are missing; the message names the extractor and what to configure. No other extractor is used instead. */
export class ExtractorNotConfiguredError extends Error {
  override name = 'ExtractorNotConfiguredError';
  readonly extractor: ExtractorName;
  constructor(extractor: ExtractorName, remedy: string, options?: ErrorOptions) {
    super(`the feature extractor '${extractor}' is not configured: ${remedy}`, options);
    this.extractor = extractor;
  }
}
