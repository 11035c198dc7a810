-- AlterTable
ALTER TABLE "model_versions" ADD COLUMN     "missing_since" TIMESTAMPTZ(3),
ADD COLUMN     "object_key" TEXT,
ADD COLUMN     "sha256" TEXT,
ADD COLUMN     "size_bytes" BIGINT,
ALTER COLUMN "checkpoint_id" DROP NOT NULL;
