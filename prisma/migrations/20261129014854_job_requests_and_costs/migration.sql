-- AlterTable
ALTER TABLE "training_jobs" ADD COLUMN     "checkpoint_requested_at" TIMESTAMPTZ(3),
ADD COLUMN     "sample_request" JSONB;

-- CreateTable
CREATE TABLE "job_costs" (
    "job_id" TEXT NOT NULL,
    "device" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "steps" INTEGER NOT NULL,
    "step_seconds" DOUBLE PRECISION NOT NULL,
    "start_seconds" DOUBLE PRECISION NOT NULL,
    "validation_seconds" DOUBLE PRECISION,
    "checkpoint_seconds" DOUBLE PRECISION,
    "checkpoint_bytes" BIGINT,
    "peak_memory_bytes" BIGINT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "job_costs_pkey" PRIMARY KEY ("job_id","device")
);

-- CreateIndex
CREATE INDEX "job_costs_key_updated_at_idx" ON "job_costs"("key", "updated_at" DESC);
