-- The job queue: what jobs and activities need to be claimed, which activity waits for which, what each writes, its log.

ALTER TABLE "jobs" ADD COLUMN "starter" {text} NOT NULL DEFAULT '';
ALTER TABLE "jobs" ADD COLUMN "abort_at" BIGINT;
DROP INDEX "jobs_by_idempotency_key";
CREATE UNIQUE INDEX "jobs_by_starter_idempotency_key" ON "jobs" ("starter", "idempotency_key");
CREATE INDEX "jobs_on_starter_created_at" ON "jobs" ("starter", "created_at");
CREATE INDEX "jobs_on_kind_created_at" ON "jobs" ("kind", "created_at");
CREATE INDEX "jobs_on_created_at" ON "jobs" ("created_at");
CREATE INDEX "jobs_on_ended_at" ON "jobs" ("ended_at");

ALTER TABLE "activities" ADD COLUMN "position" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "activities" ADD COLUMN "waits" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "activities" ADD COLUMN "done" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "activities" ADD COLUMN "total" BIGINT;
ALTER TABLE "activities" ADD COLUMN "rows" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "activities" ADD COLUMN "bytes" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "activities" ADD COLUMN "started_at" BIGINT;
ALTER TABLE "activities" ADD COLUMN "ended_at" BIGINT;
ALTER TABLE "activities" ADD COLUMN "reason" {text};
CREATE INDEX "activities_on_claim" ON "activities" ("state", "waits", "created_at", "job", "position");
CREATE INDEX "activities_on_job_state" ON "activities" ("job", "state");

-- "activity" is not begun before "need" is done.
CREATE TABLE "activity_needs" (
    "activity" {text} NOT NULL REFERENCES "activities" ("id") ON DELETE CASCADE,
    "need" {text} NOT NULL REFERENCES "activities" ("id") ON DELETE CASCADE,
    PRIMARY KEY ("activity", "need")
);
CREATE INDEX "activity_needs_on_need" ON "activity_needs" ("need");

-- What an activity writes; "held" is 1 while it runs. The index lets nobody else hold the same output.
CREATE TABLE "activity_outputs" (
    "activity" {text} NOT NULL REFERENCES "activities" ("id") ON DELETE CASCADE,
    "output" {text} NOT NULL,
    "held" BIGINT NOT NULL,
    PRIMARY KEY ("activity", "output")
);
CREATE UNIQUE INDEX "activity_outputs_by_held" ON "activity_outputs" ("output") WHERE "held" = 1;

CREATE TABLE "activity_log" (
    "activity" {text} NOT NULL REFERENCES "activities" ("id") ON DELETE CASCADE,
    "seq" BIGINT NOT NULL,
    "at" BIGINT NOT NULL,
    "level" {text} NOT NULL,
    "text" {text} NOT NULL,
    PRIMARY KEY ("activity", "seq")
);
