// Types of check-images.mjs, for its test.
export interface ListedImage {
  name: string;
  tag: string;
  digest: string;
  /** ISO date. */
  released: string;
}
export function filesWithImages(): string[];
export function imageReferences(file: string): string[];
export function listedImages(): ListedImage[];
export function referenceOf(image: ListedImage): string;
export function problemsOf(images: ListedImage[], references: { file: string; reference: string }[], now: number): string[];
