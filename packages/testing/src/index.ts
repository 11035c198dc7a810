// Helpers for tests of any package: gradient checks, fixtures.
export { checkGradients, uniformSource, type GradientCheckCase, type GradientCheckResult } from './gradient-check.ts';
export { startTestDatabase } from './test-database.ts';
export type { TestDatabase } from './test-database.ts';
export { hasRedis, startRedis } from './redis-server.ts';
export { realS3Missing, s3Domain, startFauxS3, startRealS3, startS3, type TestS3Server } from './s3-servers.ts';
