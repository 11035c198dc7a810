// Licences of the sources of the images and the contact sheets.
import { readPackageJson } from './icon-sets.ts';

export interface Licence {
  readonly packageName: string;
  readonly version: string;
  readonly spdx: string;
  readonly attribution: string;
  readonly source: string;
}

const entries: readonly Omit<Licence, 'version'>[] = [
  {
    packageName: '@iconify-json/noto',
    spdx: 'Apache-2.0',
    attribution: 'Noto Emoji, Google Inc.',
    source: 'https://github.com/googlefonts/noto-emoji',
  },
  {
    packageName: '@iconify-json/twemoji',
    spdx: 'CC-BY-4.0',
    attribution: 'Twemoji, Twitter Inc. and other contributors',
    source: 'https://github.com/jdecked/twemoji',
  },
  {
    packageName: '@iconify-json/fluent-emoji-flat',
    spdx: 'MIT',
    attribution: 'Fluent Emoji, Microsoft Corporation',
    source: 'https://github.com/microsoft/fluentui-emoji',
  },
  {
    packageName: '@iconify-json/fluent-emoji-high-contrast',
    spdx: 'MIT',
    attribution: 'Fluent Emoji, Microsoft Corporation',
    source: 'https://github.com/microsoft/fluentui-emoji',
  },
  {
    packageName: '@iconify-json/openmoji',
    spdx: 'CC-BY-SA-4.0',
    attribution: 'OpenMoji, the open-source emoji and icon project',
    source: 'https://openmoji.org',
  },
  {
    packageName: 'unicode-emoji-json',
    spdx: 'MIT',
    attribution: 'unicode-emoji-json, Mu-An Chiou; names from the Unicode CLDR',
    source: 'https://github.com/muan/unicode-emoji-json',
  },
  {
    packageName: '@fontsource/inter',
    spdx: 'OFL-1.1',
    attribution: 'Inter, The Inter Project Authors',
    source: 'https://github.com/rsms/inter',
  },
];

export function listLicences(): Licence[] {
  return entries.map((entry) => ({
    ...entry,
    version: readPackageJson<{ version: string }>(`${entry.packageName}/package.json`).version,
  }));
}

export function licenceOf(packageName: string): Licence {
  const licence = listLicences().find((entry) => entry.packageName === packageName);
  if (!licence) throw new Error(`no licence is recorded for ${packageName}: add it to licences.ts`);
  return licence;
}
