// The service URL and API key that `login` saves, in a file that only its owner may read.
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface StoredLogin {
  base_url?: string;
  api_key?: string;
}

export async function loadLogin(file: string): Promise<StoredLogin> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as StoredLogin;
  } catch (cause) {
    throw new Error(`${file} is not valid JSON; delete it and run \`styleforge login\` again`, { cause });
  }
}

export async function saveLogin(file: string, login: StoredLogin): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.new`;
  await writeFile(unfinished, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, file);
}
