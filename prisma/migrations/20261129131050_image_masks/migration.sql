-- AlterTable
ALTER TABLE "images" ADD COLUMN     "mask_key" TEXT,
ADD COLUMN     "mask_sha256" TEXT;
