// Numbers with their nouns, for texts that people read.

/** `1 image`, `2 images`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
