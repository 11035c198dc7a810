-- AlterTable
ALTER TABLE "training_jobs" ADD COLUMN     "study_id" TEXT,
ADD COLUMN     "variation" JSONB;

-- CreateTable
CREATE TABLE "studies" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "studies_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "studies_project_id_id_idx" ON "studies"("project_id", "id" DESC);

-- CreateIndex
CREATE INDEX "training_jobs_study_id_idx" ON "training_jobs"("study_id");

-- AddForeignKey
ALTER TABLE "training_jobs" ADD CONSTRAINT "training_jobs_study_id_fkey" FOREIGN KEY ("study_id") REFERENCES "studies"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "studies" ADD CONSTRAINT "studies_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
