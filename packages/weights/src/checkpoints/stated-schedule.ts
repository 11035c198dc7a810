// What a single file says about the noise that its model was trained with: tensors without values and metadata, which ComfyUI, A1111 and
// trainers write and read.
import { SingleFileError, type JsonObject } from '@styleforge/model-files';
import { openTensors } from '../tensors/open-tensors.ts';
import { type TensorEntry } from '../tensors/safetensors-writer.ts';

/** Tensors whose presence alone has a meaning: the model predicts the velocity; its last timestep is pure noise. */
const MARKS = { velocity: 'v_pred', zeroTerminalSnr: 'ztsnr' } as const;
/** Metadata of the prediction type (https://github.com/Stability-AI/ModelSpec), and ComfyUI's name for it. */
const METADATA = ['modelspec.prediction_type', 'modelspec.predict_key'];
const VELOCITY = /^v(_prediction)?$/;
const NOISE = /^eps(ilon)?$/;
/** Tensors of models with the noise of EDM (arXiv 2206.00364): Playground 2.5 and CosXL. */
const EDM = ['edm_mean', 'edm_std', 'edm_vpred.sigma_max'];

/** The fields of the scheduler config that the file states; none for most files. Throws SingleFileError for a model of EDM. */
export async function statedSchedule(path: string): Promise<JsonObject> {
  const reader = await openTensors(path);
  try {
    const edm = EDM.find((name) => reader.has(name));
    if (edm !== undefined)
      throw new SingleFileError(
        `${path} has the tensor ${edm}, so that its model was trained with the noise of EDM, as Playground 2.5 and ` +
          'CosXL; add a model with the noise of Stable Diffusion',
      );
    const { metadata = {} } = reader as { metadata?: Readonly<Record<string, string>> };
    const stated = METADATA.map((key) => metadata[key]).find((value) => value !== undefined) ?? '';
    const velocity = reader.has(MARKS.velocity) || VELOCITY.test(stated);
    return {
      ...((velocity || NOISE.test(stated)) && { prediction_type: velocity ? 'v_prediction' : 'epsilon' }),
      // The last timestep must be among those of a generation.
      ...(reader.has(MARKS.zeroTerminalSnr) && { rescale_betas_zero_snr: true, timestep_spacing: 'trailing' }),
    };
  } finally {
    await reader.close();
  }
}

/** The marks that say the same as this scheduler config. */
export function scheduleMarks({ prediction_type: predicts, rescale_betas_zero_snr: zeroTerminalSnr }: JsonObject): TensorEntry[] {
  const names = [...(predicts === 'v_prediction' ? [MARKS.velocity] : []), ...(zeroTerminalSnr === true ? [MARKS.zeroTerminalSnr] : [])];
  return names.map((name) => ({ name, shape: [0], data: new Float32Array() }));
}
