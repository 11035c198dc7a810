#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { start } from '@styleforge/launch/start';

await start(fileURLToPath(new URL('../src/main.ts', import.meta.url)));
