// Helpers for tests of any package: gradient checks, fixtures.
export { checkGradients, type GradientCheckCase, type GradientCheckResult } from './gradient-check.ts';
export { writeBaseModelConfigs } from './base-model-configs.ts';
export { discPicture } from './pictures.ts';
export { trainingConfig } from './training-config.ts';
export { startTestDatabase } from './test-database.ts';
export type { TestDatabase } from './test-database.ts';
export { isInstalled, warnNotTested } from './not-tested.ts';
export { hasRedis, redisMissing, startRedis } from './redis-server.ts';
export { realS3Missing, s3Domain, startFauxS3, startRealS3, startS3, s3Environment, type TestS3Server } from './s3-servers.ts';
export { zipFile, type ZipEntry } from './zip-file.ts';
