// A process that trains what its standard input says, so that a test can kill it: one line for each step.
import { text } from 'node:stream/consumers';
import { trainStyleForge, type TrainStyleForgeOptions } from '@styleforge/styleforge';

const options = JSON.parse(await text(process.stdin)) as TrainStyleForgeOptions;
await trainStyleForge({ ...options, onProgress: ({ step }) => void process.stdout.write(`${step}\n`) });
