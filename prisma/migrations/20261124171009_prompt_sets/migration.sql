-- CreateTable
CREATE TABLE "prompt_sets" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "description" TEXT NOT NULL,
    "prompts" TEXT[],
    "sha256" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "prompt_sets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "prompt_sets_project_id_id_idx" ON "prompt_sets"("project_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "prompt_sets_project_id_name_version_key" ON "prompt_sets"("project_id", "name", "version");

-- AddForeignKey
ALTER TABLE "prompt_sets" ADD CONSTRAINT "prompt_sets_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
