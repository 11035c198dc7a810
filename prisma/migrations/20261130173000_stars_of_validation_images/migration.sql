-- AlterTable
ALTER TABLE "validation_images" ADD COLUMN     "starred" BOOLEAN NOT NULL DEFAULT false;
