// Reads and writes model weights: safetensors files and diffusers folders.
export { bfloat16ToFloat32Array, float16ToFloat32Array, float32ToBfloat16Array, float32ToFloat16Array } from './tensors/half.ts';
export { UnsafePickleError } from '@styleforge/model-files';
export { SafetensorsReader } from './tensors/safetensors-reader.ts';
export {
  ChecksumError,
  DownloadError,
  DownloadRefusedError,
  fetchInto,
  type FetchIntoOptions,
  type FileChecks,
  type ReceivedBytes,
  type Sender,
  type TransferProgress,
} from './downloads/download.ts';
export { downloadFile, openUrl, type FetchedFile } from './downloads/http-source.ts';
export { sha256OfFile } from './files/file-hash.ts';
export { openTensors } from './tensors/open-tensors.ts';
export { requireTensor, type TensorReader, WeightsMismatchError } from './tensors/tensor-reader.ts';
export { checkWeights, requireFinite } from './tensors/check-weights.ts';
export { withoutSecrets } from './downloads/web-address.ts';
export { writeSafetensors, type TensorEntry, type WriteSafetensorsOptions } from './tensors/safetensors-writer.ts';
export { currentTextEncoderName } from '@styleforge/model-files';
export { exists, readJson, type JsonObject } from '@styleforge/model-files';
export {
  componentOf,
  readDiffusersFolder,
  type AddedTokens,
  type DiffusersComponent,
  type DiffusersFolder,
} from './checkpoints/diffusers-reader.ts';
export { writeDiffusersFolder, type DiffusersFolderContents, type WrittenComponent } from './checkpoints/diffusers-writer.ts';
export { writeFileAtomically } from './files/atomic-file.ts';
export { originalNames, SingleFileError, type NameMap } from '@styleforge/model-files';
export {
  singleFileKind,
  singleFileObstacle,
  unpackSingleFile,
  writeSingleFile,
  type SingleFileKind,
  type SingleFileLayout,
} from './checkpoints/single-file.ts';
export { statedSchedule } from './checkpoints/stated-schedule.ts';
export { HubRepository, type HubFile, type HubOptions } from './downloads/hub.ts';
export { diffusersFolderFiles } from './checkpoints/folder-files.ts';
export { AdapterFileError, addLora, type LoraLayer } from './adaptations/lora.ts';
export { readLora } from './adaptations/read-lora.ts';
export { kohyaBase, writeDiffusersLora, writeKohyaLora } from './adaptations/write-lora.ts';
export {
  applyAdapters,
  baseOfModel,
  layersOf,
  openModelFolder,
  writeAdaptedModel,
  type AppliedAdapter,
} from './adaptations/adapted-folder.ts';
export { ADAPTATION_FILE, adapterFiles, joinWithBase, writeAdaptation } from './adaptations/adaptation-file.ts';
export { writeBranches, type AppliedBranch, type Branch } from './adaptations/branches.ts';
export { extractLora, type ExtractedLora, type ExtractOptions } from './adaptations/extract-lora.ts';
export { TOKEN_TABLE } from './adaptations/adapter-kinds.ts';
export { tokenFileName, writeCustomDiffusion, writeEmbParams, writeLearnedRows, type LearnedRows } from './adaptations/write-embeddings.ts';
