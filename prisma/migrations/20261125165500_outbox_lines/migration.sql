-- CreateIndex
CREATE INDEX "outbox_topic_project_id_priority_id_idx" ON "outbox"("topic", "project_id", "priority" DESC, "id");
