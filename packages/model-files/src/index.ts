// The contents of a model folder, without any engine: configs, schedules and their samplers, tokenizers, and their check.
export { type Activation, type TimeScaleShift } from './configs/activations.ts';
export { ConfigError } from './configs/config-reader.ts';
export { parseAutoencoderKLConfig, type AutoencoderKLConfig } from './configs/autoencoder-kl-config.ts';
export {
  parseCLIPConfig,
  parseCLIPTextConfig,
  type CLIPConfig,
  type CLIPEncoderConfig,
  type CLIPTextConfig,
  type CLIPVisionConfig,
} from './configs/clip-config.ts';
export { parseUNet2DConditionConfig, type TransformerLayers, type UNet2DConditionConfig } from './configs/unet-2d-condition-config.ts';
export * from './schedulers/index.ts';
export { CLIPTokenizer, type LearnedToken } from './tokenizers/clip-tokenizer.ts';
export { commonPieces, commonTokenFault } from './tokenizers/common-words.ts';
export { TOKENIZER_FILES } from './tokenizers/tokenizer-files.ts';
export {
  elementCount,
  type SafetensorsHeader,
  type TensorInfo,
  type TensorSpan,
} from './tensor-files/safetensors-header.ts';
export { readExactly, readSafetensorsHeader } from './tensor-files/safetensors-file.ts';
export { UnsafePickleError } from './tensor-files/pickle.ts';
export { EMBEDDING_ROWS, type TorchTensor } from './tensor-files/torch-state.ts';
export { openTorchArchive, type TorchArchive } from './tensor-files/torch-archive.ts';
export { readTensorTable, type TensorTable } from './tensor-files/tensor-table.ts';
export { originalNames, SingleFileError, type NameMap } from './layers/original-names.ts';
export { kohyaNames, kohyaPrefix, placeOf, splitKey, type LayerPlace, type ModelLayers } from './layers/lora-names.ts';
export { currentNames, currentTextEncoderName } from './layers/current-names.ts';
export { checkAdapter, keptFileName } from './adapters/check-adapter.ts';
export { fitsBase, inspectAdapter, type AdapterKind, type InspectedAdapter } from './adapters/inspect-adapter.ts';
export { checkModelIndex } from './check/check-index.ts';
export {
  describeModel,
  describeNetworks,
  type ModelDescription,
  type NetworkDescription,
  type TextEncoderDescription,
} from './check/describe-model.ts';
export {
  type ComponentFiles,
  type ComponentName,
  type NetworkKind,
  type SingleFilePlace,
} from './families/family.ts';
export {
  componentOfKind,
  componentsOfKind,
  embeddingComponents,
  embeddingKeys,
  families,
  familyOf,
  familyOfPaths,
  kindOf,
  type Family as FamilyFiles,
  type FamilyName,
} from './families/index.ts';
export { filesBelow } from './files/files-below.ts';
export { fingerprintOf } from './files/fingerprint.ts';
export { foreignFile, type ForeignFile } from './files/foreign-file.ts';
export { ModelFileError } from './files/model-file-error.ts';
export { parsePythonJson } from './files/python-json.ts';
export { exists, readJson, type JsonObject } from './files/read-files.ts';
