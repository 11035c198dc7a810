// The version of this release: the same in every package, in the OpenAPI document and for every `--version`.
export const VERSION = '0.1.0';
