// Conversion between interleaved bytes of images and the pixels of the autoencoder.

/** Converts image `index` of pixels [n, 3, places] in 0..1 to interleaved bytes. */
export function toBytes(pixels: Float32Array, index: number, places: number): Uint8Array {
  const rgb = new Uint8Array(places * 3);
  for (let channel = 0; channel < 3; channel++) {
    const offset = (index * 3 + channel) * places;
    for (let i = 0; i < places; i++) rgb[i * 3 + channel] = Math.round(pixels[offset + i] * 255);
  }
  return rgb;
}

/** Converts interleaved bytes to pixels [1, 3, places] in -1..1. */
export function fromBytes(rgb: Uint8Array, places: number): Float32Array {
  const pixels = new Float32Array(places * 3);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < places; i++) pixels[channel * places + i] = rgb[i * 3 + channel]! / 127.5 - 1;
  return pixels;
}
