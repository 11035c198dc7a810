-- CreateTable
CREATE TABLE "validation_images" (
    "job_id" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "prompt" TEXT NOT NULL,
    "seed" BIGINT NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "size_bytes" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "object_key" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "validation_images_pkey" PRIMARY KEY ("job_id","step","index")
);

-- AddForeignKey
ALTER TABLE "validation_images" ADD CONSTRAINT "validation_images_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "training_jobs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Jobs that were made before had neither.
UPDATE "training_jobs" SET "config" = '{"prior_preservation": null, "validation": null}'::jsonb || "config";
