// Types of bundle-folder.mjs, for programs that store files in the same way.
export declare const root: string;
export declare function digestOf(contents: Iterable<readonly [string, Uint8Array]>): string;
export declare function currentDigest(folder: string): string | undefined;
