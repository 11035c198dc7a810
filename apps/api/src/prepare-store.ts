// Creates the bucket of a new installation if it does not exist, and ends.
import { loadConfig } from '@styleforge/config';
import { prepareObjectStore } from '@styleforge/storage';
import { createLogger } from '@styleforge/telemetry';

const config = loadConfig();
const log = createLogger({ name: 'prepare-store', level: config.logLevel });
const wasCreated = await prepareObjectStore(config.objectStore);
log.info({}, wasCreated ? 'the bucket was created' : 'the bucket exists already');
