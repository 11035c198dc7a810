-- AlterTable
ALTER TABLE "training_jobs" ADD COLUMN     "webhook_events" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateTable
CREATE TABLE "report_shares" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "evaluation_id" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "token_hint" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "report_shares_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "report_shares_token_hash_key" ON "report_shares"("token_hash");

-- CreateIndex
CREATE INDEX "report_shares_evaluation_id_id_idx" ON "report_shares"("evaluation_id", "id" DESC);

-- AddForeignKey
ALTER TABLE "report_shares" ADD CONSTRAINT "report_shares_evaluation_id_fkey" FOREIGN KEY ("evaluation_id") REFERENCES "evaluations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
