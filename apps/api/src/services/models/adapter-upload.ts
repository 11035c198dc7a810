// Receives an uploaded adapter: reads the upload, has its file inspected, and stores it as a version of a model.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { MultipartFile } from '@fastify/multipart';
import { ADAPTER_FILE_BYTES, PEFT_CONFIG_BYTES, peftConfig, peftFault, templateOf, uploadAdapterFields } from '@styleforge/contracts';
import type { ModelProvenance, PeftConfig, UploadAdapterFields } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { ModelVersionRow, NewModelVersion } from '@styleforge/database';
import type { InspectedAdapter } from '@styleforge/model-files';
import { uploadedAdapterKey } from '@styleforge/storage';
import type { FastifyRequest } from 'fastify';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError, refusal } from '../../errors/api-error.ts';
import { fieldErrorsOf } from '../../errors/request-validation.ts';
import { isStorableText } from '../../http/storable-text.ts';
import { inspectUpload } from '../../inspection/inspect-upload.ts';
import type { BaseModelEntry } from './base-model-catalog.ts';
import { findModelVersion } from './model-registry.ts';
import { UploadBody } from '../files/upload-body.ts';
import { withUploadFolder } from '../files/upload-folders.ts';

const GIGABYTE = 1024 ** 3;
const TOKEN = uploadAdapterFields.shape.token;

type Received = { fields: UploadAdapterFields; peft: PeftConfig | null; file: string; fileName: string };
type Kept = { name: string; row: ModelVersionRow; fingerprint: string };

const bad = (field: string, detail: string): ApiError => refusal('validation_failed', [{ pointer: `/${field}`, detail }]);

/** Adds a version to the project's model of this name, which is created if it does not exist. */
export async function takeAdapterUpload(dependencies: ApiDependencies, request: FastifyRequest): Promise<Kept> {
  const { projectId } = request.caller;
  return withUploadFolder(dependencies.uploadDirectory, async (folder) => {
    const body = new UploadBody(request, dependencies.uploadPace, ADAPTER_FILE_BYTES);
    const received = await receive(body, folder);
    const { name } = received.fields;
    await refuseBaseName(dependencies, name);
    const base = await dependencies.baseModels.find(received.fields.base_model);
    if (base === null) {
      const known = (await dependencies.baseModels.list()).map((entry) => entry.body.name).join(', ');
      throw bad('base_model', `there is no base model ${received.fields.base_model}: name one of ${known}`);
    }
    const row = await keep(dependencies, { projectId, name, received, base });
    return { name, row, fingerprint: body.fingerprint() };
  });
}

async function refuseBaseName({ baseModels }: ApiDependencies, name: string): Promise<void> {
  if ((await baseModels.find(name).catch(() => null)) === null) return;
  throw new ApiError('model_exists', `A base model already has the name ${name}.`, [
    { pointer: '/name', detail: 'is the name of a base model: choose another name' },
  ]);
}

async function receive(body: UploadBody, folder: string): Promise<Received> {
  const values: Record<string, string> = {};
  let received: Received | undefined;
  let peft: PeftConfig | null = null;
  for await (const part of body.parts()) {
    if (received !== undefined) throw bad(part.fieldname, 'comes after the file: send the text fields first, then one file');
    if (part.type === 'field') {
      if (part.fieldname === 'file') throw bad('file', 'has no file name: set the file name of its part');
      if (!isStorableText(String(part.value))) throw bad(part.fieldname, 'must be well-formed Unicode text without NUL characters');
      values[part.fieldname] = String(part.value);
      continue;
    }
    if (part.fieldname === 'config') {
      peft = await readPeftConfig(body, part, folder);
      continue;
    }
    if (part.fieldname !== 'file')
      throw bad(part.fieldname, 'is not a known part: send the adapter as file, and its adapter_config.json as config');
    // Validates the fields before a large file is read.
    const fields = fieldsOf(values);
    received = { fields, peft, ...(await saveFile(body, part, folder)) };
  }
  if (received !== undefined) return received;
  fieldsOf(values);
  throw bad('file', 'is missing: send the adapter as a part with a file name, after the text fields');
}

function fieldsOf(values: Record<string, string>): UploadAdapterFields {
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
  const { success, data, error } = uploadAdapterFields.safeParse(given);
  if (success) return data;
  throw refusal('validation_failed', fieldErrorsOf(error.issues));
}

async function readPeftConfig(body: UploadBody, part: MultipartFile, folder: string): Promise<PeftConfig> {
  const file = path.join(folder, 'config');
  if (!(await body.save(part, { path: file, limit: PEFT_CONFIG_BYTES }))) throw bad('config', 'is too large for an adapter_config.json');
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw bad('config', `is not valid JSON (${(error as Error).message}): send the adapter_config.json that peft has written`);
  }
  const fault = peftFault(json);
  if (fault !== null) throw bad('config', fault);
  const { success, data, error } = peftConfig.safeParse(json);
  if (success) return data;
  const issue = error.issues[0];
  throw bad('config', `${issue?.path.join('.')}: ${issue?.message}: send the adapter_config.json that peft has written`);
}

async function saveFile(body: UploadBody, part: MultipartFile, folder: string): Promise<{ file: string; fileName: string }> {
  const fileName = path.basename(part.filename ?? 'adapter');
  if (!isStorableText(fileName)) throw bad('file', 'has a name that is not well-formed Unicode text: rename it');
  const file = path.join(folder, 'adapter');
  if (await body.save(part, { path: file, limit: ADAPTER_FILE_BYTES })) return { file, fileName };
  throw bad('file', `is larger than ${ADAPTER_FILE_BYTES / GIGABYTE} GB: adapters are smaller; only an operator can add a whole model`);
}

type Keeping = { projectId: string; name: string; received: Received; base: BaseModelEntry };

async function keep(dependencies: ApiDependencies, { projectId, name, received, base }: Keeping): Promise<ModelVersionRow> {
  const { database, objectStore } = dependencies;
  const { fields, peft, file, fileName } = received;
  const { adapter, keptFileName } = await inspected(received, base);
  // Alpha determines the strength of a LoRA; all other layouts store it in the file, or use the rank.
  if (adapter.layout === 'peft' && adapter.isWrapped && peft === null)
    throw bad(
      'config',
      'is missing: peft stores the strength of a LoRA (lora_alpha) in adapter_config.json; send that file too, as config',
    );
  const tokens = tokensOf(adapter, fields, base);
  const model = await database.models.find(projectId, name);
  const [modelId, versionId] = [model?.id ?? newId('model'), newId('modelVersion')];
  const objectKey = uploadedAdapterKey(projectId, modelId, versionId, keptFileName);
  const { size, sha256 } = await objectStore.put(objectKey, { file });
  const upload = { versionId, objectKey, sha256, sizeBytes: size };
  const version: NewModelVersion = {
    upload,
    notes: fields.notes,
    provenance: provenanceOf({ adapter, peft, fileName, sha256, tokens, base }),
  };
  const number = await record(dependencies, { projectId, name, modelId, isNew: model === null, version, fields, tokens, base }).catch(
    async (error: unknown) => {
      await objectStore.delete(objectKey);
      throw error;
    },
  );
  return findModelVersion(dependencies, projectId, name, number);
}

interface Recording {
  projectId: string;
  name: string;
  modelId: string;
  isNew: boolean;
  version: NewModelVersion;
  fields: UploadAdapterFields;
  tokens: readonly string[];
  base: BaseModelEntry;
}

async function record(
  { database }: ApiDependencies,
  { projectId, name, modelId, isNew, version, fields, tokens, base }: Recording,
): Promise<number> {
  if (!isNew) {
    const number = await database.models.addVersion(projectId, name, version);
    if (number !== null) return number;
    throw new ApiError('status_conflict', `The model ${name} was deleted during the upload: send it again.`);
  }
  const row = await database.models.create({
    ...{ id: modelId, projectId, name, version, description: fields.description ?? '' },
    license: fields.license ?? base.body.license,
    promptTemplate: fields.prompt_template ?? templateOf(tokens),
  });
  if (row === null) throw new ApiError('model_exists', `Another request has just created the model ${name}: send the upload again.`);
  return 1;
}

async function inspected({ file, fileName, fields }: Received, base: BaseModelEntry) {
  const { name, geometry } = base.body;
  const result = await inspectUpload({
    ...{ file, fileName },
    base: { name, contextWidth: geometry.cross_attention_dim, directory: base.folder },
  });
  switch (result.status) {
    case 'done':
      return result;
    case 'misfit':
      throw bad('base_model', result.detail);
    case 'refused':
      throw bad('file', `${fileName} ${result.detail}`);
    case 'failed':
      throw new Error(`the inspection of an adapter for ${fields.base_model} failed: ${result.message}`);
  }
}

/** Words that activate the adapter in prompts: an embedding's token, or a LoRA's trigger word. */
function tokensOf(adapter: InspectedAdapter, { token }: UploadAdapterFields, { tokenizer }: BaseModelEntry): string[] {
  if (adapter.tokens.length === 0) return token === undefined ? [] : [token];
  const isNamed = adapter.layout !== 'a1111';
  if (isNamed && token !== undefined && adapter.tokens.join() !== token)
    throw bad('token', `the file already names its word, ${adapter.tokens.join(', ')}: omit token`);
  const tokens = isNamed || token === undefined ? [...adapter.tokens] : [token];
  for (const word of tokens) {
    if (!TOKEN.safeParse(word).success)
      throw bad(
        'token',
        `the embedding's word would be '${word}', which is not one word of at most 64 characters: set another word in token`,
      );
    if (tokenizer.tokenize(word).length === 1)
      throw bad(
        'token',
        `'${word}' is a word that the base model already knows, so every prompt with it would change: choose another, such as <${word}>`,
      );
  }
  return tokens;
}

interface Provenance {
  adapter: InspectedAdapter;
  peft: PeftConfig | null;
  fileName: string;
  sha256: string;
  tokens: readonly string[];
  base: BaseModelEntry;
}

function provenanceOf({ adapter, peft, fileName, sha256, tokens, base }: Provenance): ModelProvenance {
  const { kind, layout, rank, vectors, changesTextEncoder, tensors } = adapter;
  return {
    training_job: null,
    upload: { file_name: fileName, sha256, layout, rank, vectors, changes_text_encoder: changesTextEncoder, tensors, peft },
    step: null,
    adaptation: kind,
    tokens: tokens.map((token, index) => ({ name: index === 0 ? 'all' : `token-${index + 1}`, token })),
    resolution: base.profile.resolution,
    datasets: [],
    base_model: {
      ...{ name: base.body.name, source: base.profile.source ?? null, license: base.body.license },
      sha256: base.profile.sha256 ?? {},
    },
  };
}
