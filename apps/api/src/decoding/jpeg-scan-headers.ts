// Repairs faults of JPEGs that strict decoders refuse and viewers ignore: bytes between header segments and, in sequential images, wrong
// values in scan headers and a missing end marker.

const SOI_BYTES = 2;
const SOF_SEQUENTIAL = [0xc0, 0xc1];
const SOF_PROGRESSIVE = [0xc2, 0xc6, 0xca, 0xce];
const SOS = 0xda;
const EOI = 0xd9;
const END = Buffer.from([0xff, EOI]);
/** First and last coefficient of a scan that has all 64, without successive approximation (ITU-T T.81, B.2.3). */
const WHOLE_SCAN = [0, 63, 0];

/** Returns the same bytes if there is nothing to repair. */
export const repairJpeg = (jpeg: Buffer): Buffer => completeEnd(repairScanHeaders(withoutFiller(jpeg)));

/** Position of the next marker from `start` on, as decoders look for it; -1 if there is none. */
export function markerAfter(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at !== -1 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1))
    if (bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) return at;
  return -1;
}

/** Removes bytes between the segments before the first scan. */
function withoutFiller(jpeg: Buffer): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = SOI_BYTES; at + 4 <= jpeg.length; ) {
    const next = markerAfter(jpeg, at);
    if (next === -1) return jpeg;
    // Any number of 0xff before a marker is allowed.
    if (jpeg.subarray(at, next).some((byte) => byte !== 0xff)) {
      kept.push(jpeg.subarray(from, at));
      from = next;
    }
    if (jpeg[next + 1] === SOS || jpeg[next + 1] === EOI) break;
    at = next + 2 + (next + 4 <= jpeg.length ? jpeg.readUInt16BE(next + 2) : 0);
  }
  return from === 0 ? jpeg : Buffer.concat([...kept, jpeg.subarray(from)]);
}

/** Adds the end marker; the decoder still detects an image whose coded data is cut off. */
function completeEnd(jpeg: Buffer): Buffer {
  let scan = -1;
  for (const { marker, at } of segmentsOf(jpeg)) {
    if (SOF_PROGRESSIVE.includes(marker)) return jpeg;
    if (marker === SOS) scan = at;
  }
  return scan === -1 || jpeg.indexOf(END, scan) !== -1 ? jpeg : Buffer.concat([jpeg, END]);
}

function repairScanHeaders(jpeg: Buffer): Buffer {
  let repaired = jpeg;
  for (const { marker, at, length } of segmentsOf(jpeg)) {
    if (SOF_PROGRESSIVE.includes(marker)) return jpeg;
    if (marker !== SOS) continue;
    const parameters = at + length - WHOLE_SCAN.length;
    if (WHOLE_SCAN.every((value, index) => jpeg[parameters + index] === value)) continue;
    if (repaired === jpeg) repaired = Buffer.from(jpeg);
    repaired.set(WHOLE_SCAN, parameters);
  }
  return repaired;
}

/** `at` and `length` describe the data after the marker, including its length field. */
function* segmentsOf(jpeg: Buffer): Generator<{ marker: number; at: number; length: number }> {
  let isSequential = false;
  for (let at = SOI_BYTES; at + 4 <= jpeg.length; ) {
    const marker = jpeg[at + 1]!;
    if (jpeg[at] !== 0xff) return;
    if (marker === 0xff) at += 1;
    else if (marker === EOI) return;
    else {
      const length = jpeg.readUInt16BE(at + 2);
      if (at + 2 + length > jpeg.length) return;
      isSequential ||= SOF_SEQUENTIAL.includes(marker);
      if (marker === SOS && !isSequential) return;
      yield { marker, at: at + 2, length };
      at += 2 + length;
      if (marker === SOS) at = endOfScan(jpeg, at);
    }
  }
}

/** The next marker after the coded data: neither a stuffed byte nor a restart. */
function endOfScan(jpeg: Buffer, start: number): number {
  for (let at = jpeg.indexOf(0xff, start); at !== -1; at = jpeg.indexOf(0xff, at + 1)) {
    const next = jpeg[at + 1];
    if (next !== undefined && next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return jpeg.length;
}
