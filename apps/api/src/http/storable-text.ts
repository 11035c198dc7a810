// Whether a database column can hold a text: without NUL characters and halves of surrogate pairs.

export function isStorableText(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}
