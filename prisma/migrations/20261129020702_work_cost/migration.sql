-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "evaluation_budget" DOUBLE PRECISION,
ADD COLUMN     "generation_budget" DOUBLE PRECISION;

-- AlterTable
ALTER TABLE "generations" ADD COLUMN     "cost" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "evaluations" ADD COLUMN     "cost" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- CreateIndex
CREATE INDEX "generations_status_project_id_cost_idx" ON "generations"("status", "project_id", "cost");

-- CreateIndex
CREATE INDEX "evaluations_status_project_id_cost_idx" ON "evaluations"("status", "project_id", "cost");
