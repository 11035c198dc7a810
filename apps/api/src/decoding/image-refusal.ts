// The reason why an uploaded image is not kept.
import type { RefusalCode } from '@styleforge/contracts';

export class ImageRefusal extends Error {
  override name = 'ImageRefusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
