-- AlterTable
ALTER TABLE "generated_images" ADD COLUMN     "clip_score" DOUBLE PRECISION,
ADD COLUMN     "verdict" TEXT;
