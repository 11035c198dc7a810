-- AlterTable
ALTER TABLE "job_costs" ADD COLUMN     "device_memory_bytes" BIGINT,
ADD COLUMN     "recomputes" BOOLEAN;
