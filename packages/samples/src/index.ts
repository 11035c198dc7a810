// Sample data: captioned images of the same subjects in many styles, and contact sheets to look at them.
export { unitOf } from './random.ts';
export * from './styles.ts';
export * from './subjects.ts';
export * from './core-subjects.ts';
export * from './render.ts';
export * from './captions.ts';
export * from './scenes.ts';
export * from './hold-out.ts';
export * from './image-cache.ts';
export * from './licences.ts';
export * from './sample-styles.ts';
export * from './contact-sheet.ts';
