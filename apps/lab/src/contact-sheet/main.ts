// Renders the sample styles as one sheet: `node --import tsx apps/lab/src/contact-sheet/main.ts [FILE.png]`.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { contactSheet, listSampleStyles, renderPng, styleRefSubjects } from '@styleforge/samples';

const file = resolve(process.argv[2] ?? 'sample-styles.png');
const subjects = styleRefSubjects();
const rows = [];
for (const style of listSampleStyles()) {
  const images = await Promise.all(subjects.map((subject) => renderPng(style.id, subject)));
  rows.push({ label: style.role === 'base' ? `${style.id} (base)` : style.id, images });
}
const sheet = await contactSheet({
  rows,
  columnLabels: subjects.map(({ name }) => name),
  title: 'Sample styles',
  subtitle: 'The 20 StyleRef subjects in the three base styles, and in the target styles that the base model never sees',
  footer: 'Made from Noto Emoji (Apache-2.0), Twemoji (CC BY 4.0), Fluent Emoji (MIT) and OpenMoji (CC BY-SA 4.0): see docs/licences.md.',
  scale: 1,
});
await writeFile(file, sheet);
console.log(`wrote ${file}`);
