// Paths of this API in response bodies.
export const apiKeyUrl = (id: string) => `/v1/api-keys/${id}`;
export const datasetUrl = (id: string) => `/v1/datasets/${id}`;
export const webhookUrlOf = (id: string) => `/v1/webhooks/${id}`;
export const trainingJobUrl = (id: string) => `/v1/training-jobs/${id}`;
export const studyUrl = (id: string) => `/v1/studies/${id}`;
export const promptSetUrl = (id: string) => `/v1/prompt-sets/${id}`;
export const evaluationUrl = (id: string) => `/v1/evaluations/${id}`;
export const evaluationReportUrl = (id: string) => `${evaluationUrl(id)}/report`;
export const evaluationImageUrl = (id: string, model: number, index: number) => `${evaluationUrl(id)}/images/${model}/${index}`;
export const modelUrl = (name: string) => `/v1/models/${name}`;
export const modelVersionUrl = (name: string, version: number) => `${modelUrl(name)}/versions/${version}`;
/** Link to the cover of a model; it changes with the cover. */
export const modelCoverUrl = (name: string, sha256: string) => `${modelUrl(name)}/cover?v=${sha256.slice(0, 12)}`;
export const exportUrl = (id: string) => `/v1/exports/${id}`;
export const checkpointDownloadUrl = (id: string, format: string, rank = 0) =>
  `/v1/checkpoints/${id}/download?format=${format}${rank > 0 ? `&rank=${rank}` : ''}`;
export const generationUrl = (id: string) => `/v1/images/generations/${id}`;
export const imageUrl = (id: string) => `/v1/images/${id}`;
export const imageThumbnailUrl = (id: string) => `/v1/thumbnails/${id}`;
export const validationImageUrl = (jobId: string, step: number, index: number) => `${trainingJobUrl(jobId)}/images/${step}/${index}`;
export const thumbnailOf = (url: string) => `${url}/thumbnail`;
export const checkpointFileUrl = (jobId: string, checkpointId: string, file: string) =>
  `${trainingJobUrl(jobId)}/checkpoints/${checkpointId}/files/${file}`;
