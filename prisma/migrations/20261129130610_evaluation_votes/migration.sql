-- CreateTable
CREATE TABLE "evaluation_votes" (
    "evaluation_id" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "first" INTEGER NOT NULL,
    "second" INTEGER NOT NULL,
    "voter_id" TEXT NOT NULL,
    "preferred" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "evaluation_votes_pkey" PRIMARY KEY ("evaluation_id","index","first","second","voter_id")
);

-- AddForeignKey
ALTER TABLE "evaluation_votes" ADD CONSTRAINT "evaluation_votes_evaluation_id_fkey" FOREIGN KEY ("evaluation_id") REFERENCES "evaluations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
