// Reads the environment; no other file of the CLI does.
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Environment {
  apiKey: string | undefined;
  baseUrl: string | undefined;
  configFile: string;
  /** The folder in which the user started npm, when npm has changed it. */
  startFolder: string | undefined;
  /** DEVICE setting of a worker on this machine. */
  device: string | undefined;
  /** Manifests of Vulkan drivers, if not the system's own. */
  driverFiles: string | undefined;
  noColor: boolean;
  terminal: { term: string; program: string; isKitty: boolean };
}

export function readEnvironment(): Environment {
  const read = (name: string) => process.env[name]?.trim() || undefined;
  const configHome = read('XDG_CONFIG_HOME') ?? join(homedir(), '.config');
  return {
    apiKey: read('STYLEFORGE_API_KEY'),
    baseUrl: read('STYLEFORGE_BASE_URL'),
    configFile: join(configHome, 'styleforge', 'config.json'),
    startFolder: read('npm_lifecycle_event') === 'styleforge' ? read('INIT_CWD') : undefined,
    device: read('DEVICE'),
    driverFiles: read('VK_DRIVER_FILES') ?? read('VK_ICD_FILENAMES'),
    noColor: read('NO_COLOR') !== undefined,
    terminal: { term: read('TERM') ?? '', program: read('TERM_PROGRAM') ?? '', isKitty: read('KITTY_WINDOW_ID') !== undefined },
  };
}
