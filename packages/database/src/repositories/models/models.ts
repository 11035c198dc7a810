// The registry of models: names, versions, aliases.
import { LATEST } from '@styleforge/contracts';
import type { ModelProvenance } from '@styleforge/contracts';
import { Prisma } from '../../generated/client.ts';
import type { ModelAlias, ModelVersion, RegisteredModel } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import { checkpointUsers, uploadUsers } from './checkpoint-users.ts';
import type { Deletion } from '../cleanup/deletions.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';
import { announceModel } from '../webhooks/webhook-announcements.ts';

export type ModelVersionRow = Omit<ModelVersion, 'provenance' | 'sizeBytes'> & { provenance: ModelProvenance; sizeBytes: number };
/** The file of an uploaded adapter. */
export type UploadedFile = { versionId: string; objectKey: string; sha256: string; sizeBytes: number };
export type ModelRow = RegisteredModel & { aliases: Record<string, number>; versionCount: number; latest: ModelVersionRow | null };
export type NewModelVersion = { notes: string; provenance: ModelProvenance } & ({ checkpointId: string } | { upload: UploadedFile });
export type NewModel = Pick<RegisteredModel, 'projectId' | 'name' | 'description' | 'license' | 'promptTemplate'> & {
  id?: string | undefined;
  version: NewModelVersion;
};
export type ModelCover = { coverKey: string; coverSha256: string; coverSize: number };
export type ModelChange = Partial<Pick<RegisteredModel, 'name' | 'description' | 'license' | 'promptTemplate'>> &
  Partial<{
    [Field in keyof ModelCover]: ModelCover[Field] | null;
  }>;

const withVersions = {
  aliases: true,
  versions: { orderBy: { number: 'desc' as const }, take: 1, include: { checkpoint: { select: { sizeBytes: true } } } },
  _count: { select: { versions: true } },
} satisfies Prisma.RegisteredModelInclude;
type Loaded = Prisma.RegisteredModelGetPayload<{ include: typeof withVersions }>;
type LoadedVersion = ModelVersion & { checkpoint: { sizeBytes: bigint } | null };
const withSize = { checkpoint: { select: { sizeBytes: true } } } as const;

export function createModelRepository(prisma: PrismaClient) {
  const addVersion = async (transaction: Transaction, model: RegisteredModel, version: NewModelVersion): Promise<void> => {
    const { projectId, id: modelId } = model;
    const { lastNumber } = await transaction.registeredModel.update({ where: { id: modelId }, data: { lastNumber: { increment: 1 } } });
    const { notes, provenance } = version;
    const { versionId, ...file } = 'upload' in version ? version.upload : { versionId: newId('modelVersion') };
    const made = 'upload' in version ? file : { checkpointId: version.checkpointId };
    await transaction.modelVersion.create({
      data: { id: versionId, projectId, modelId, number: lastNumber, notes, provenance, ...made },
    });
  };

  return {
    /** Creates a model; null if the project already has one of this name. */
    async create({ id = newId('model'), version, ...values }: NewModel): Promise<ModelRow | null> {
      const { projectId, name } = values;
      const isNew = await prisma.$transaction(async (transaction) => {
        // Of two concurrent requests with one name, the second finds the model of the first.
        await transaction.$queryRaw`select id from projects where id = ${projectId} for no key update`;
        const existing = await transaction.registeredModel.findUnique({ where: { projectId_name: { projectId, name } } });
        if (existing !== null) return existing.id === id;
        const model = await transaction.registeredModel.create({ data: { id, ...values } });
        await addVersion(transaction, model, version);
        await announceModel(transaction, model, 'model.created');
        return true;
      });
      return isNew ? this.find(projectId, name) : null;
    },

    async find(projectId: string, name: string): Promise<ModelRow | null> {
      const row = await prisma.registeredModel.findUnique({ where: { projectId_name: { projectId, name } }, include: withVersions });
      return row && toRow(row);
    },

    async list(projectId: string, page: PageRequest): Promise<RowPage<ModelRow>> {
      const { where, ...rest } = pageArguments(page);
      const rows = await prisma.registeredModel.findMany({ ...rest, where: { ...where, projectId }, include: withVersions });
      return toPage(rows.map(toRow), page.limit);
    },

    /** Changes a model. `name_taken`: another model of the project has the new name. */
    async update(projectId: string, name: string, change: ModelChange): Promise<'updated' | 'not_found' | 'name_taken'> {
      return prisma.$transaction(async (transaction) => {
        await transaction.$queryRaw`select id from projects where id = ${projectId} for no key update`;
        const model = await transaction.registeredModel.findUnique({ where: { projectId_name: { projectId, name } } });
        if (model === null) return 'not_found';
        if (change.name !== undefined && change.name !== name) {
          const other = await transaction.registeredModel.count({ where: { projectId, name: change.name } });
          if (other > 0) return 'name_taken';
        }
        await transaction.registeredModel.update({ where: { id: model.id }, data: change });
        return 'updated';
      });
    },

    /** Adds a version and returns its number; null if there is no such model. */
    async addVersion(projectId: string, name: string, version: NewModelVersion): Promise<number | null> {
      return prisma.$transaction(async (transaction) => {
        const model = await lockModel(transaction, projectId, name);
        if (model === null) return null;
        await addVersion(transaction, model, version);
        await announceModel(transaction, model, 'model.version_created', { version: model.lastNumber + 1 });
        return model.lastNumber + 1;
      });
    },

    /** Finds a version by number, alias, or `latest`. */
    async findVersion(projectId: string, name: string, wanted: number | string): Promise<ModelVersionRow | null> {
      const model = await prisma.registeredModel.findUnique({ where: { projectId_name: { projectId, name } }, include: { aliases: true } });
      if (model === null) return null;
      const number = typeof wanted === 'number' ? wanted : model.aliases.find(({ alias }) => alias === wanted)?.number;
      if (number === undefined && wanted !== LATEST) return null;
      const row = await prisma.modelVersion.findFirst({
        where: { modelId: model.id, ...(number !== undefined && { number }) },
        orderBy: { number: 'desc' },
        include: withSize,
      });
      return row && toVersion(row);
    },

    /** Versions, newest first. `before`: the number of the last version of the previous page. */
    async listVersions(modelId: string, before: number | undefined, limit: number): Promise<RowPage<ModelVersionRow>> {
      const where = { modelId, ...(before !== undefined && { number: { lt: before } }) };
      const rows = await prisma.modelVersion.findMany({ where, orderBy: { number: 'desc' }, take: limit + 1, include: withSize });
      return toPage(rows.map(toVersion), limit);
    },

    /** Finds a version by its id. */
    async findVersionById(projectId: string, id: string): Promise<ModelVersionRow | null> {
      const row = await prisma.modelVersion.findUnique({ where: { id, projectId }, include: withSize });
      return row && toVersion(row);
    },

    async annotateVersion(id: string, notes: string): Promise<void> {
      await prisma.modelVersion.updateMany({ where: { id }, data: { notes } });
    },

    /** Sets an alias; false if the model has no such version. */
    async setAlias(modelId: string, alias: string, number: number): Promise<boolean> {
      return prisma.$transaction(async (transaction) => {
        await transaction.$queryRaw`select id from models where id = ${modelId} for update`;
        if ((await transaction.modelVersion.count({ where: { modelId, number } })) === 0) return false;
        await transaction.modelAlias.upsert({
          where: { modelId_alias: { modelId, alias } },
          create: { modelId, alias, number },
          update: { number },
        });
        return true;
      });
    },

    async deleteAlias(modelId: string, alias: string): Promise<boolean> {
      return (await prisma.modelAlias.deleteMany({ where: { modelId, alias } })).count > 0;
    },

    /** Deletes the model with its versions and aliases, unless unfinished work uses one of its checkpoints. */
    async delete(projectId: string, name: string): Promise<Deletion> {
      return prisma.$transaction(async (transaction): Promise<Deletion> => {
        const model = await lockModel(transaction, projectId, name);
        if (model === null) return { kind: 'not_found' };
        const versions = await transaction.modelVersion.findMany({
          where: { modelId: model.id },
          select: { id: true, checkpointId: true },
        });
        const users = await versionUsers(transaction, projectId, versions);
        if (users.length > 0) return { kind: 'in_use', users };
        await announceModel(transaction, model, 'model.deleted');
        await transaction.registeredModel.delete({ where: { id: model.id } });
        return { kind: 'deleted' };
      });
    },

    /** Deletes the version and the aliases that name it. */
    async deleteVersion(projectId: string, name: string, number: number): Promise<Deletion> {
      return prisma.$transaction(async (transaction): Promise<Deletion> => {
        const model = await lockModel(transaction, projectId, name);
        const version = model && (await transaction.modelVersion.findUnique({ where: { modelId_number: { modelId: model.id, number } } }));
        if (model === null || version === null) return { kind: 'not_found' };
        const users = await versionUsers(transaction, projectId, [version]);
        if (users.length > 0) return { kind: 'in_use', users };
        await transaction.modelAlias.deleteMany({ where: { modelId: model.id, number } });
        await transaction.modelVersion.delete({ where: { id: version.id } });
        return { kind: 'deleted' };
      });
    },
  };
}

type Made = { id: string; checkpointId: string | null };

async function versionUsers(transaction: Transaction, projectId: string, versions: Made[]): Promise<string[]> {
  const checkpoints = versions.flatMap(({ checkpointId }) => checkpointId ?? []);
  const uploads = versions.flatMap(({ id, checkpointId }) => (checkpointId === null ? [id] : []));
  return [...(await checkpointUsers(transaction, projectId, checkpoints)), ...(await uploadUsers(transaction, projectId, uploads))];
}

async function lockModel(transaction: Transaction, projectId: string, name: string): Promise<RegisteredModel | null> {
  await transaction.$queryRaw`select id from models where project_id = ${projectId} and name = ${name} for update`;
  return transaction.registeredModel.findUnique({ where: { projectId_name: { projectId, name } } });
}

/** Completes the stored origin of versions that were created before adapters could be uploaded. */
function toVersion({ checkpoint, ...row }: LoadedVersion): ModelVersionRow {
  const stored = row.provenance as ModelProvenance;
  const provenance = { ...stored, upload: (stored as Partial<ModelProvenance>).upload ?? null };
  return { ...row, provenance, sizeBytes: Number(row.sizeBytes ?? checkpoint?.sizeBytes ?? 0) };
}

function toRow({ aliases, versions, _count, ...row }: Loaded): ModelRow {
  const [latest] = versions;
  return { ...row, aliases: aliasesOf(aliases), versionCount: _count.versions, latest: latest ? toVersion(latest) : null };
}

const aliasesOf = (rows: ModelAlias[]): Record<string, number> => Object.fromEntries(rows.map(({ alias, number }) => [alias, number]));
