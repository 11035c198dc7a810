// A model hub with the Hugging Face protocol: the files of a repository at a revision, and their bytes.
import { type FileChecks, type ReceivedBytes } from './download.ts';
import { openUrl, requestUrl } from './http-source.ts';
import { withoutSecrets } from './web-address.ts';

export interface HubOptions {
  /** Address of the hub. */
  readonly endpoint: string;
  readonly token?: string;
}

export interface HubFile extends FileChecks {
  readonly path: string;
  readonly size: number;
}

interface TreeEntry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  /** Git's hash of the blob. */
  readonly oid: string;
  /** Pointer to a large file. `oid` is the SHA-256. */
  readonly lfs?: { readonly oid: string; readonly size: number };
}

const repositoryName = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const remedy = 'it needs a token that may read it (HUB_TOKEN)';
const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

export class HubRepository {
  readonly name: string;
  readonly #endpoint: string;
  readonly #headers: Record<string, string>;

  constructor(name: string, { endpoint, token }: HubOptions) {
    if (!repositoryName.test(name)) throw new Error(`'${name}' is not a repository of a model hub: it must be OWNER/NAME`);
    this.name = name;
    this.#endpoint = endpoint.replace(/\/+$/, '');
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async #json<T>(url: string): Promise<{ body: T; next: string | undefined }> {
    const answer = await requestUrl(url, { headers: this.#headers, remedy });
    const [, next] = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get('link') ?? '') ?? [];
    // The token must not be sent to another origin.
    if (next !== undefined && new URL(next, url).origin !== new URL(url).origin)
      throw new Error(`${withoutSecrets(url)} continues on another server, ${withoutSecrets(next)}`);
    return { body: (await answer.json()) as T, next: next && new URL(next, url).href };
  }

  /** The commit of a branch, tag or commit. */
  async resolve(revision: string): Promise<string> {
    const { body } = await this.#json<{ sha: string }>(
      `${this.#endpoint}/api/models/${this.name}/revision/${encodeURIComponent(revision)}`,
    );
    return body.sha;
  }

  async files(commit: string): Promise<HubFile[]> {
    const files: HubFile[] = [];
    let url: string | undefined = `${this.#endpoint}/api/models/${this.name}/tree/${commit}?recursive=true`;
    while (url !== undefined) {
      const page: { body: TreeEntry[]; next: string | undefined } = await this.#json<TreeEntry[]>(url);
      for (const { type, path, size, oid, lfs } of page.body) {
        if (type === 'file') files.push(lfs ? { path, size: lfs.size, sha256: lfs.oid } : { path, size, gitSha1: oid });
      }
      url = page.next;
    }
    return files;
  }

  open(commit: string, path: string, start: number, signal: AbortSignal | undefined): Promise<ReceivedBytes> {
    return openUrl(`${this.#endpoint}/${this.name}/resolve/${commit}/${encodePath(path)}`, start, {
      headers: this.#headers,
      signal,
      remedy,
    });
  }
}
