-- AlterTable
ALTER TABLE "webhook_deliveries" ADD COLUMN     "response_body" TEXT;

-- AlterTable
ALTER TABLE "workers" ADD COLUMN     "cards" JSONB;

-- CreateTable
CREATE TABLE "job_logs" (
    "job_id" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "job_logs_pkey" PRIMARY KEY ("job_id")
);

-- AddForeignKey
ALTER TABLE "job_logs" ADD CONSTRAINT "job_logs_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "training_jobs"("id") ON DELETE CASCADE ON UPDATE CASCADE;
