// Whether an object store belongs to the database: both contain the id of the installation.
import type { ObjectStoreConfig } from '@styleforge/config';
import { setTimeout as sleep } from 'node:timers/promises';
import { installationKey, projectsPrefix } from './keys.ts';
import { ObjectNotFoundError, type ObjectStore, ObjectStoreUnavailableError } from './object-store.ts';

/** The database's part of the check; `Database['installation']` implements it. */
export interface Installation {
  read(): Promise<{ id: string; storeBoundAt: Date | null }>;
  /** Binds the database to the store with this id. */
  bindStore(id: string): Promise<void>;
  /** Keys of objects that rows refer to, chosen at random; all of them if there are no more than `count` of a kind. */
  sampleKeys(count: number): Promise<string[]>;
  /** Runs the work while no other process does the same; undefined if another one does. */
  alone<Result>(work: () => Promise<Result>): Promise<Result | undefined>;
}

/** Thrown when the store does not belong to the database: a comparison of both would treat everything as lost. */
export class StoreIdentityError extends ObjectStoreUnavailableError {
  override name = 'StoreIdentityError';
}

const sampledPerKind = 40;
/** Maximum share of the sampled objects that may be missing in a store that is still accepted. */
const toleratedLoss = 0.1;
const bindingMs = 30_000;

/**
 * Throws StoreIdentityError unless the store has the database's id. The first start of an installation writes the id. So does
 * the first start after an upgrade from a version without ids, if the store has the objects that rows refer to.
 */
export async function identifyStore(store: ObjectStore, config: ObjectStoreConfig, installation: Installation): Promise<void> {
  const end = Date.now() + bindingMs;
  while ((await installation.read()).storeBoundAt === null) {
    const bound = await installation.alone(() => bind(store, config, installation));
    if (bound) return;
    if (Date.now() > end) throw new Error(`another process has been writing ${installationKey} for ${bindingMs / 1_000} seconds`);
    await sleep(100);
  }
  await verifyStore(store, config, installation);
}

/** Throws StoreIdentityError unless the store has the database's id. Writes nothing. */
export async function verifyStore(store: ObjectStore, config: ObjectStoreConfig, installation: Pick<Installation, 'read'>): Promise<void> {
  const [{ id }, found] = [await installation.read(), await readIdentity(store)];
  if (found === id) return;
  throw new StoreIdentityError(
    found === undefined
      ? `${settingOf(config)}: ${placeOf(config)} has no ${installationKey}, so it is not the store of this database ` +
          `(installation ${id}): ` +
          `a volume that is not mounted, or another bucket or prefix. ${remedyOf(id)}`
      : `${settingOf(config)}: ${placeOf(config)} belongs to installation ${found}, and the database (DATABASE_URL) ` +
          `to installation ${id}. ` +
          `Set the two that belong together. ${remedyOf(id)}`,
  );
}

/** Throws StoreIdentityError if the store has no id, for processes without a database. */
export async function assertIdentified(store: ObjectStore, config: ObjectStoreConfig): Promise<void> {
  if ((await readIdentity(store)) !== undefined) return;
  throw new StoreIdentityError(
    `${settingOf(config)}: ${placeOf(config)} has no ${installationKey}: a volume that is not mounted, or another bucket or prefix`,
  );
}

async function bind(store: ObjectStore, config: ObjectStoreConfig, installation: Installation): Promise<true> {
  const { id, storeBoundAt } = await installation.read();
  if (storeBoundAt !== null) return true;
  const found = await readIdentity(store);
  if (found !== id) await assertEvidence(store, config, installation, found);
  // A database restored from a backup made before the upgrade finds the id of its store.
  if (found === undefined) await store.put(installationKey, Buffer.from(identityText(id)));
  await installation.bindStore(found ?? id);
  return true;
}

/** Compares the rows of a database without an id with the store: they must belong together. */
async function assertEvidence(store: ObjectStore, config: ObjectStoreConfig, installation: Installation, found?: string): Promise<void> {
  const { id } = await installation.read();
  const keys = await installation.sampleKeys(sampledPerKind);
  if (keys.length === 0) {
    if (found === undefined && !(await hasObjects(store))) return;
    throw new StoreIdentityError(
      `${settingOf(config)}: ${placeOf(config)} has objects${found === undefined ? '' : ` of installation ${found}`}, and the database ` +
        `(DATABASE_URL) is new. Restore the database of these objects, or name an empty store. ${remedyOf(id)}`,
    );
  }
  const missing: string[] = [];
  for (const key of keys) if ((await store.head(key)) === null) missing.push(key);
  if (missing.length <= keys.length * toleratedLoss) return;
  throw new StoreIdentityError(
    `${settingOf(config)}: ${missing.length} of ${keys.length} objects that the database knows are not in ` +
      `${placeOf(config)} (${missing[0]}): ` +
      `a volume that is not mounted, or another bucket or prefix. ${remedyOf(id)}`,
  );
}

const identityText = (id: string) => `${JSON.stringify({ installation: id })}\n`;

const remedyOf = (id: string) =>
  `If this is meant to be the store from now on, put an object ${installationKey} with the content ` +
  `${identityText(id).trim()} into it by hand`;

async function readIdentity(store: ObjectStore): Promise<string | undefined> {
  const bytes = await store.get(installationKey).catch((error: unknown) => {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes).toString();
  try {
    return String((JSON.parse(text) as { installation?: unknown }).installation);
  } catch (error) {
    throw new StoreIdentityError(`${installationKey} in the object store is not valid JSON: ${JSON.stringify(text.slice(0, 80))}`, {
      cause: error,
    });
  }
}

async function hasObjects(store: ObjectStore): Promise<boolean> {
  for await (const _ of store.list(projectsPrefix)) return true;
  return false;
}

const settingOf = (config: ObjectStoreConfig) => (config.kind === 'files' ? 'OBJECT_STORE_DIRECTORY' : 'S3_BUCKET, S3_PREFIX, S3_ENDPOINT');

const placeOf = (config: ObjectStoreConfig) =>
  config.kind === 'files'
    ? `the folder ${config.directory}`
    : `the bucket ${config.bucket}${config.prefix ? ` below ${config.prefix}` : ''}`;
