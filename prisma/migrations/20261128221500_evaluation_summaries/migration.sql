-- AlterTable
ALTER TABLE "evaluations" ADD COLUMN     "summary" JSONB;
