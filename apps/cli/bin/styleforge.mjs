#!/usr/bin/env node
// The `styleforge` command; TypeScript runs as it is.
import { register } from 'tsx/esm/api';

register();
await import('../src/main.ts');
