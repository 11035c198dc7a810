-- AlterTable
ALTER TABLE "training_jobs" ADD COLUMN     "heartbeat" JSONB;
