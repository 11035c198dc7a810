// Line icons of one weight, made for this page.
import type { ReactElement } from 'react';

const PATHS = {
  home: 'M4 11.5 12 5l8 6.500V19a1 1 0 0 1-1 1h-4.500v-5h-5v5H5a1 1 0 0 1-1-1z',
  images: 'M4 6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM4 16l4.500-4.500L13 16l2.500-2.500L20 18M15.500 8.500h.01',
  train: 'M4 18c3 0 4-10 8-10s4 6 8 6M4 4v16h16',
  play: 'M7 5l12 7-12 7z',
  gallery: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  models: 'M12 3l8 4.500v9L12 21l-8-4.500v-9zM4 7.500l8 4.500 8-4.500M12 12v9',
  chart: 'M5 20V10M12 20V4M19 20v-7',
  prompts: 'M5 6h14M5 12h14M5 18h8',
  machine: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01',
  hook: 'M9 7a3 3 0 1 1 4 2.800L10 15M15 17a3 3 0 1 1-2.500-4.600M9 17h6M6.500 12.200A3 3 0 1 0 9 17',
  key: 'M14 10a4 4 0 1 0-3.500 4L12 15.500h2V17.500h2V19.500h3V16.500L14 11.500z',
  plus: 'M12 5v14M5 12h14',
  edit: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
  star: 'M12 4l2.500 5.200 5.700.700-4.200 3.900 1.100 5.700L12 16.700 6.900 19.500 8 13.800 3.800 9.900l5.700-.700z',
  search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500L20 20',
  settings: 'M5 8h9M18 8h1M5 16h1M10 16h9M16 6v4M8 14v4',
  trash: 'M5 7h14M9 7V5h6v2M7 7l1 13h8l1-13',
  download: 'M12 4v11M7 10.500l5 5 5-5M5 20h14',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  pause: 'M8 5v14M16 5v14',
  menu: 'M5 7h14M5 12h14M5 17h14',
  left: 'M14 6l-6 6 6 6',
  right: 'M10 6l6 6-6 6',
  sun:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1 1M17.400 ' +
    '17.400l1 1M5.600 18.400l1-1M17.400 6.600l1-1',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }): ReactElement {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.75" aria-hidden="true">
      <path d={PATHS[name]} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
