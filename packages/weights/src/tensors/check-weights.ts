// Checks of a network's weights other than their shapes: floating point, and every number finite.
import { ModelFileError } from '@styleforge/model-files';
import type { TensorReader } from './tensor-reader.ts';

const FLOATS = ['F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2'];
/** Names of the scales that quantized files store with their tensors. */
const SCALES = /(^scaled_fp8$|\.(scale_weight|weight_scale|scale_input|input_scale|absmax|quant_map|SCB|comfy_quant)$)/;

/** Names in models that were saved while a LoRA was attached, whose share of the weights is not known. */
const ATTACHED = /\.(base_layer|lora_[AB])\./;

/** Throws ModelFileError if the weights are integers, have scales or an attached LoRA, because they alone would give wrong numbers. */
export function checkWeights(reader: TensorReader, path: string, wanted: Iterable<string>): void {
  const scale = reader.names().find((name) => SCALES.test(name));
  if (scale !== undefined)
    throw new ModelFileError(path, `is quantized: '${scale}' scales other tensors; take the file in float16, bfloat16 or float32`);
  const attached = reader.names().find((name) => ATTACHED.test(name));
  if (attached !== undefined)
    throw new ModelFileError(
      path,
      `was saved with a LoRA attached: '${attached}'; call fuse_lora() and unload_lora_weights() of the pipeline, and save it again`,
    );
  for (const name of wanted) {
    if (!reader.has(name)) continue;
    const { dtype } = reader.info(name);
    if (!FLOATS.includes(dtype))
      throw new ModelFileError(path, `has '${name}' as ${dtype}, which is quantized; take the file in float16, bfloat16 or float32`);
  }
}

/** Throws ModelFileError if a value is infinite or not a number. */
export function requireFinite(values: Float32Array, path: string, name: string): void {
  for (let i = 0; i < values.length; i++) {
    // Infinity minus infinity is not a number, either
    if (values[i]! - values[i]! !== 0)
      throw new ModelFileError(
        path,
        `is damaged: '${name}' contains ${values[i]} at place ${i}, where there must be a finite number; take an intact file`,
      );
  }
}
