// Every route under /v1.
import type { ApiDependencies } from '../../dependencies.ts';
import type { ApiServer } from '../../http/api-server.ts';
import { createApiKeyRoute } from './api-keys/create.ts';
import { getApiKeyRoute } from './api-keys/get.ts';
import { listApiKeysRoute } from './api-keys/list.ts';
import { revokeApiKeyRoute } from './api-keys/revoke.ts';
import { getBaseModelRoute } from './base-models/get.ts';
import { listBaseModelsRoute } from './base-models/list.ts';
import { createDatasetRoute } from './datasets/create.ts';
import { deleteDatasetRoute } from './datasets/delete.ts';
import { getDatasetRoute } from './datasets/get.ts';
import { importImagesRoute } from './datasets/import.ts';
import { listDatasetImagesRoute } from './datasets/list-images.ts';
import { listDatasetsRoute } from './datasets/list.ts';
import { uploadImagesRoute } from './datasets/upload-images.ts';
import { cancelEvaluationRoute } from './evaluations/cancel.ts';
import { createEvaluationRoute } from './evaluations/create.ts';
import { getEvaluationImageRoute } from './evaluations/get-image.ts';
import { getEvaluationRoute } from './evaluations/get.ts';
import { listEvaluationImagesRoute } from './evaluations/images.ts';
import { listEvaluationsRoute } from './evaluations/list.ts';
import { getEvaluationReportRoute } from './evaluations/report.ts';
import { listProjectEventsRoute } from './events/list.ts';
import { cancelGenerationRoute } from './images/cancel-generation.ts';
import { createGenerationRoute } from './images/create-generation.ts';
import { getGenerationRoute } from './images/get-generation.ts';
import { getImageRoute } from './images/get-image.ts';
import { listGenerationsRoute } from './images/list-generations.ts';
import { getThumbnailRoute } from './images/get-thumbnail.ts';
import { listPresetsRoute } from './presets/list.ts';
import { createPromptSetRoute } from './prompt-sets/create.ts';
import { getPromptSetRoute } from './prompt-sets/get.ts';
import { listPromptSetsRoute } from './prompt-sets/list.ts';
import { cancelStudyRoute } from './studies/cancel.ts';
import { getMeRoute } from './session/me.ts';
import { createSessionRoute } from './session/create.ts';
import { endSessionRoute } from './session/end.ts';
import { createStudyRoute } from './studies/create.ts';
import { getStudyRoute } from './studies/get.ts';
import { listStudiesRoute } from './studies/list.ts';
import { createWebhookRoute } from './webhooks/create.ts';
import { deleteWebhookRoute } from './webhooks/delete.ts';
import { listDeliveriesRoute } from './webhooks/deliveries.ts';
import { getWebhookRoute } from './webhooks/get.ts';
import { listWebhooksRoute } from './webhooks/list.ts';
import { redeliverWebhookRoute } from './webhooks/redeliver.ts';
import { rotateWebhookSecretRoute } from './webhooks/rotate-secret.ts';
import { testWebhookRoute } from './webhooks/test.ts';
import { updateWebhookRoute } from './webhooks/update.ts';
import { cancelTrainingJobRoute } from './training-jobs/cancel.ts';
import { checkTrainingJobRoute } from './training-jobs/check.ts';
import { listCheckpointsRoute } from './training-jobs/checkpoints.ts';
import { createTrainingJobRoute } from './training-jobs/create.ts';
import { downloadCheckpointFileRoute } from './training-jobs/download-checkpoint-file.ts';
import { listEventsRoute } from './training-jobs/events.ts';
import { getTrainingJobRoute } from './training-jobs/get.ts';
import { getValidationImageRoute } from './training-jobs/get-image.ts';
import { listValidationImagesRoute } from './training-jobs/images.ts';
import { updateValidationImageRoute } from './training-jobs/update-image.ts';
import { listTrainingJobsRoute } from './training-jobs/list.ts';
import { getWorkerLogRoute } from './training-jobs/worker-log.ts';
import { listMetricsRoute } from './training-jobs/metrics.ts';
import { pauseTrainingJobRoute } from './training-jobs/pause.ts';
import { getTrainingReportRoute } from './training-jobs/report.ts';
import { resumeTrainingJobRoute } from './training-jobs/resume.ts';
import { deleteCheckpointRoute } from './checkpoints/delete.ts';
import { getCheckpointRoute } from './checkpoints/get.ts';
import { setCaptionsRoute } from './datasets/set-captions.ts';
import { updateDatasetRoute } from './datasets/update.ts';
import { deleteEvaluationRoute } from './evaluations/delete.ts';
import { getEvaluationThumbnailRoute } from './evaluations/get-thumbnail.ts';
import { deleteGenerationRoute } from './images/delete-generation.ts';
import { deleteImageRoute } from './images/delete.ts';
import { listImagesRoute } from './images/list.ts';
import { updateImageRoute } from './images/update.ts';
import { deletePromptSetRoute } from './prompt-sets/delete.ts';
import { deleteStudyRoute } from './studies/delete.ts';
import { getCurvesRoute } from './training-jobs/curves.ts';
import { deleteTrainingJobRoute } from './training-jobs/delete.ts';
import { getValidationThumbnailRoute } from './training-jobs/get-thumbnail.ts';
import { sampleNowRoute } from './training-jobs/sample-now.ts';
import { saveNowRoute } from './training-jobs/save-now.ts';
import { updateTrainingJobRoute } from './training-jobs/update.ts';
import { deleteModelAliasRoute, setModelAliasRoute } from './models/aliases.ts';
import { getModelCoverRoute } from './models/cover.ts';
import { createModelRoute } from './models/create.ts';
import { deleteModelRoute } from './models/delete.ts';
import { getModelRoute } from './models/get.ts';
import { listModelsRoute } from './models/list.ts';
import { updateModelRoute } from './models/update.ts';
import { uploadModelRoute } from './models/upload.ts';
import { deleteModelVersionRoute, getModelVersionRoute, updateModelVersionRoute } from './models/version.ts';
import { downloadModelVersionRoute } from './models/version-file.ts';
import { createModelVersionRoute, listModelVersionsRoute } from './models/versions.ts';
import { downloadCheckpointRoute } from './checkpoints/download.ts';
import { extractLoraRoute } from './checkpoints/extract-lora.ts';
import { getExportRoute } from './exports/get.ts';
import { getQueueRoute } from './system/queue.ts';
import { getSweepRoute } from './system/sweep.ts';
import { getSystemRoute } from './system/system.ts';
import { getUsageRoute } from './usage/get.ts';
import { drainWorkerRoutes } from './workers/drain.ts';
import { getWorkerRoute } from './workers/get.ts';
import { listWorkersRoute } from './workers/list.ts';
import { listGenerationEventsRoute } from './images/generation-events.ts';
import { updateGenerationRoute } from './images/update-generation.ts';
import { updateEvaluationRoute } from './evaluations/update.ts';
import { updateCheckpointRoute } from './checkpoints/update.ts';
import { updateStudyRoute } from './studies/update.ts';
import { updatePromptSetRoute } from './prompt-sets/update.ts';

import { clearVotesRoute, getVotesRoute, setVotesRoute } from './evaluations/votes.ts';
import { getFeedbackRoute } from './training-jobs/get-feedback.ts';
import { setFeedbackRoute } from './training-jobs/set-feedback.ts';

import { createUploadRoute } from './uploads/create.ts';
import { listReportSharesRoute, revokeReportShareRoute, shareReportRoute, unshareReportRoute } from './reports/share.ts';

const ROUTES: ((app: ApiServer, dependencies: ApiDependencies) => void)[] = [
  createSessionRoute,
  endSessionRoute,
  getMeRoute,
  listProjectEventsRoute,
  createApiKeyRoute,
  listApiKeysRoute,
  getApiKeyRoute,
  revokeApiKeyRoute,
  createDatasetRoute,
  listDatasetsRoute,
  getDatasetRoute,
  deleteDatasetRoute,
  uploadImagesRoute,
  listDatasetImagesRoute,
  importImagesRoute,
  listBaseModelsRoute,
  getBaseModelRoute,
  createTrainingJobRoute,
  checkTrainingJobRoute,
  listTrainingJobsRoute,
  getTrainingJobRoute,
  cancelTrainingJobRoute,
  pauseTrainingJobRoute,
  resumeTrainingJobRoute,
  saveNowRoute,
  sampleNowRoute,
  listPresetsRoute,
  listEventsRoute,
  listMetricsRoute,
  getWorkerLogRoute,
  listValidationImagesRoute,
  getValidationImageRoute,
  updateValidationImageRoute,
  listCheckpointsRoute,
  downloadCheckpointFileRoute,
  getTrainingReportRoute,
  createEvaluationRoute,
  listEvaluationsRoute,
  getEvaluationRoute,
  cancelEvaluationRoute,
  listEvaluationImagesRoute,
  getEvaluationImageRoute,
  getEvaluationReportRoute,
  createPromptSetRoute,
  listPromptSetsRoute,
  getPromptSetRoute,
  createStudyRoute,
  listStudiesRoute,
  getStudyRoute,
  cancelStudyRoute,
  createGenerationRoute,
  listGenerationsRoute,
  getGenerationRoute,
  cancelGenerationRoute,
  getImageRoute,
  getThumbnailRoute,
  createWebhookRoute,
  listWebhooksRoute,
  getWebhookRoute,
  deleteWebhookRoute,
  testWebhookRoute,
  updateWebhookRoute,
  rotateWebhookSecretRoute,
  redeliverWebhookRoute,
  listDeliveriesRoute,
  deleteCheckpointRoute,
  getCheckpointRoute,
  setCaptionsRoute,
  updateDatasetRoute,
  deleteEvaluationRoute,
  getEvaluationThumbnailRoute,
  deleteGenerationRoute,
  deleteImageRoute,
  listImagesRoute,
  updateImageRoute,
  deletePromptSetRoute,
  deleteStudyRoute,
  getCurvesRoute,
  deleteTrainingJobRoute,
  getValidationThumbnailRoute,
  updateTrainingJobRoute,
  downloadCheckpointRoute,
  extractLoraRoute,
  getExportRoute,
  createModelRoute,
  listModelsRoute,
  getModelRoute,
  updateModelRoute,
  deleteModelRoute,
  getModelCoverRoute,
  createModelVersionRoute,
  uploadModelRoute,
  listModelVersionsRoute,
  getModelVersionRoute,
  downloadModelVersionRoute,
  updateModelVersionRoute,
  deleteModelVersionRoute,
  setModelAliasRoute,
  deleteModelAliasRoute,
  getFeedbackRoute,
  setFeedbackRoute,
  getVotesRoute,
  setVotesRoute,
  clearVotesRoute,
  listWorkersRoute,
  getWorkerRoute,
  drainWorkerRoutes,
  getQueueRoute,
  getSweepRoute,
  getSystemRoute,
  getUsageRoute,
  listGenerationEventsRoute,
  updateGenerationRoute,
  updateEvaluationRoute,
  updateCheckpointRoute,
  updateStudyRoute,
  updatePromptSetRoute,
  createUploadRoute,
  shareReportRoute,
  listReportSharesRoute,
  unshareReportRoute,
  revokeReportShareRoute,
];

export function registerV1Routes(app: ApiServer, dependencies: ApiDependencies): void {
  for (const route of ROUTES) route(app, dependencies);
}
