-- AlterTable
ALTER TABLE "training_jobs" ADD COLUMN     "lease_until" TIMESTAMPTZ(3),
ADD COLUMN     "setbacks" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "generations" ADD COLUMN     "lease_until" TIMESTAMPTZ(3),
ADD COLUMN     "setbacks" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "evaluations" ADD COLUMN     "lease_until" TIMESTAMPTZ(3),
ADD COLUMN     "setbacks" INTEGER NOT NULL DEFAULT 0;
