// The version of this release: the same in every package, in the API's document and behind every `--version`.
export const VERSION = '0.1.0';
