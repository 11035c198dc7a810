-- CreateTable
CREATE TABLE "models" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "license" TEXT,
    "prompt_template" TEXT,
    "cover_key" TEXT,
    "cover_sha256" TEXT,
    "cover_size" INTEGER,
    "last_number" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "models_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_versions" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "model_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "notes" TEXT NOT NULL DEFAULT '',
    "checkpoint_id" TEXT NOT NULL,
    "provenance" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_versions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_aliases" (
    "model_id" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_aliases_pkey" PRIMARY KEY ("model_id","alias")
);

-- CreateTable
CREATE TABLE "exports" (
    "id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "checkpoint_id" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "rank" INTEGER NOT NULL DEFAULT 0,
    "status" TEXT NOT NULL,
    "error" JSONB,
    "object_key" TEXT,
    "size_bytes" BIGINT,
    "sha256" TEXT,
    "kept_share" DOUBLE PRECISION,
    "progress" JSONB,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "setbacks" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "missing_since" TIMESTAMPTZ(3),

    CONSTRAINT "exports_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "models_project_id_id_idx" ON "models"("project_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "models_project_id_name_key" ON "models"("project_id", "name");

-- CreateIndex
CREATE INDEX "model_versions_checkpoint_id_idx" ON "model_versions"("checkpoint_id");

-- CreateIndex
CREATE UNIQUE INDEX "model_versions_model_id_number_key" ON "model_versions"("model_id", "number");

-- CreateIndex
CREATE INDEX "exports_status_id_idx" ON "exports"("status", "id");

-- CreateIndex
CREATE UNIQUE INDEX "exports_checkpoint_id_format_rank_key" ON "exports"("checkpoint_id", "format", "rank");

-- AddForeignKey
ALTER TABLE "models" ADD CONSTRAINT "models_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_versions" ADD CONSTRAINT "model_versions_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_versions" ADD CONSTRAINT "model_versions_checkpoint_id_fkey" FOREIGN KEY ("checkpoint_id") REFERENCES "checkpoints"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_aliases" ADD CONSTRAINT "model_aliases_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "exports" ADD CONSTRAINT "exports_checkpoint_id_fkey" FOREIGN KEY ("checkpoint_id") REFERENCES "checkpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The same as in packages/contracts/src/common/statuses.ts; a test holds the two together.
INSERT INTO "status_transitions" ("subject", "from", "to") VALUES
  ('exports', 'queued', 'running'),
  ('exports', 'queued', 'failed'),
  ('exports', 'running', 'succeeded'),
  ('exports', 'running', 'failed'),
  ('exports', 'succeeded', 'queued'),
  ('exports', 'failed', 'queued');
CREATE TRIGGER exports_new_status BEFORE INSERT ON "exports" FOR EACH ROW EXECUTE FUNCTION check_status();
CREATE TRIGGER exports_status BEFORE UPDATE ON "exports" FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION check_status();

CREATE CONSTRAINT TRIGGER exports_to_project AFTER UPDATE ON "exports" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION status_to_project('export');

-- A model in the registry: created, a version more or less, deleted.
CREATE FUNCTION model_to_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT 1 FROM "projects" WHERE id = OLD.project_id) THEN
      PERFORM add_project_event(OLD.project_id, 'model.deleted', OLD.id, jsonb_build_object('name', OLD.name));
    END IF;
  ELSIF TG_OP = 'INSERT' THEN
    PERFORM add_project_event(NEW.project_id, 'model.created', NEW.id, jsonb_build_object('name', NEW.name));
  ELSE
    PERFORM add_project_event(NEW.project_id, 'model.updated', NEW.id, jsonb_build_object('name', NEW.name));
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER models_to_project AFTER INSERT OR DELETE ON "models" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION model_to_project();
CREATE CONSTRAINT TRIGGER models_change_to_project AFTER UPDATE ON "models" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.last_number = NEW.last_number) EXECUTE FUNCTION model_to_project();

CREATE FUNCTION model_version_to_project() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  version RECORD;
  model TEXT;
BEGIN
  version := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
  SELECT name INTO model FROM "models" WHERE id = version.model_id;
  -- A model that is deleted with its versions is one event.
  IF model IS NOT NULL THEN
    PERFORM add_project_event(version.project_id, CASE WHEN TG_OP = 'DELETE' THEN 'model.version_deleted' ELSE 'model.version_created' END, version.model_id,
      jsonb_build_object('name', model, 'version', version.number, 'checkpoint_id', version.checkpoint_id));
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER model_versions_to_project AFTER INSERT OR DELETE ON "model_versions" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  EXECUTE FUNCTION model_version_to_project();
