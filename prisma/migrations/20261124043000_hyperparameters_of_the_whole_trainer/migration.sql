-- Jobs that were made before these hyperparameters existed were trained with what are their defaults now.
UPDATE "training_jobs"
SET "config" = jsonb_set(
  "config",
  '{hyperparameters}',
  '{"random_flip": false, "use_captions": false, "latent_sampling": "sample", "noise_offset": 0, "text_encoder_learning_rate": null, "adam_moments": "float32"}'::jsonb || ("config" -> 'hyperparameters')
);
