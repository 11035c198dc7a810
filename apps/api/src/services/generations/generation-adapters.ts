// Resolves the adapters of a generation: each must be an adapter for the same base model.
import { isWholeModel } from '@styleforge/contracts';
import type { BoundToken, CreateGenerationRequest, GenerationConfig } from '@styleforge/contracts';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError } from '../../errors/api-error.ts';
import { findNamedModel, type UploadedModel } from '../models/named-model.ts';

export interface ChosenAdapter {
  adapter: GenerationConfig['adapters'][number];
  /** Settings with which it was trained. */
  components: readonly BoundToken[];
}

interface Asked {
  body: CreateGenerationRequest;
  /** The base model of the model that the adapters change. */
  base: string;
}

/** An uploaded or installed adapter in the form that generations use. */
export function uploadedAdapter(name: string, { versionId, provenance }: UploadedModel, strength: number): ChosenAdapter {
  return { adapter: { model: name, checkpoint_id: null, version_id: versionId, strength }, components: provenance.tokens };
}

export async function chooseAdapters(dependencies: ApiDependencies, projectId: string, { body, base }: Asked): Promise<ChosenAdapter[]> {
  const chosen: ChosenAdapter[] = [];
  for (const [index, { model: name, strength }] of body.adapters.entries()) {
    const pointer = `/adapters/${index}/model`;
    const refuse = (code: 'validation_failed' | 'unknown_model' | 'status_conflict', detail: string): never => {
      throw new ApiError(code, `${pointer}: ${detail}`, [{ pointer, detail }]);
    };
    const found = await findNamedModel(dependencies, projectId, name);
    if (!found.ok) return refuse(found.code, found.detail);
    const { model } = found;
    if (model.kind === 'uploaded') {
      const { name: made } = model.provenance.base_model;
      if (made !== base)
        return refuse(
          'validation_failed',
          `${name} was uploaded for ${made}: it cannot be used with ${body.model}, whose base model is ${base}`,
        );
      chosen.push(uploadedAdapter(name, model, strength));
      continue;
    }
    if (model.kind === 'base' || isWholeModel(model.job.config.adaptation.kind))
      return refuse(
        'validation_failed',
        `${name} is a whole model: name a job, checkpoint or model with another adaptation than full, or use it as model`,
      );
    if (model.job.baseModel !== base)
      return refuse(
        'validation_failed',
        `${name} was trained on ${model.job.baseModel}: it cannot be used with ${body.model}, whose base model is ${base}`,
      );
    chosen.push({
      adapter: { model: name, checkpoint_id: model.checkpoint.id, version_id: null, strength },
      components: model.job.config.style_ref.components,
    });
  }
  return chosen;
}
