// Reads width and height from the first bytes of an image, so that small images are reported before the upload.
export interface ImageSize {
  width: number;
  height: number;
}

/** Whether the marker is that of a JPEG frame: C0 to CF without tables, extensions and arithmetic conditioning. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** The size; undefined for other files than PNG, JPEG or WebP, which the service reports. */
export async function imageSize(file: Blob): Promise<ImageSize | undefined> {
  const head = await viewOf(file, 0, 30);
  if (head.byteLength < 30) return undefined;
  if (head.getUint32(0) === 0x89504e47) return { width: head.getUint32(16), height: head.getUint32(20) };
  if (textAt(head, 0) === 'RIFF' && textAt(head, 8) === 'WEBP') return sizeOfWebp(head);
  return head.getUint16(0) === 0xffd8 ? sizeOfJpeg(file) : undefined;
}

async function viewOf(file: Blob, from: number, to: number): Promise<DataView> {
  return new DataView(await file.slice(from, to).arrayBuffer());
}

const textAt = (view: DataView, at: number): string => String.fromCharCode(...new Uint8Array(view.buffer, at, 4));

function sizeOfWebp(head: DataView): ImageSize {
  const kind = textAt(head, 12);
  const byte = (at: number) => head.getUint8(at);
  if (kind === 'VP8X')
    return { width: 1 + byte(24) + (byte(25) << 8) + (byte(26) << 16), height: 1 + byte(27) + (byte(28) << 8) + (byte(29) << 16) };
  if (kind === 'VP8L') {
    const bits = head.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  return { width: head.getUint16(26, true) & 0x3fff, height: head.getUint16(28, true) & 0x3fff };
}

async function sizeOfJpeg(file: Blob): Promise<ImageSize | undefined> {
  for (let at = 2; ; ) {
    const segment = await viewOf(file, at, at + 9);
    if (segment.byteLength < 9 || segment.getUint8(0) !== 0xff) return undefined;
    if (isFrame(segment.getUint8(1))) return { height: segment.getUint16(5), width: segment.getUint16(7) };
    at += 2 + segment.getUint16(2);
  }
}
