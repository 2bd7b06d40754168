-- The registry of data packages: the revisions of packages, what is told of their ends, and to whom that is still to be told.

CREATE TABLE "revisions" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "package" {text} NOT NULL REFERENCES "packages" ("id") ON DELETE CASCADE,
    "number" BIGINT NOT NULL,
    "job" {text},
    "state" {text},
    "kept" BIGINT NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "revisions_by_package_number" ON "revisions" ("package", "number");
CREATE INDEX "revisions_on_package_state_number" ON "revisions" ("package", "state", "number");
CREATE INDEX "revisions_open" ON "revisions" ("id") WHERE "state" IS NULL;
CREATE INDEX "revisions_on_job" ON "revisions" ("job");

CREATE TABLE "events" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "package" {text} NOT NULL REFERENCES "packages" ("id") ON DELETE CASCADE,
    "number" BIGINT NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "events_by_package_number" ON "events" ("package", "number");

-- "next_at" is empty when nothing is tried any more.
CREATE TABLE "deliveries" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "event" {text} REFERENCES "events" ("id") ON DELETE CASCADE,
    "channel" {text} NOT NULL,
    "next_at" BIGINT,
    "attempts" BIGINT NOT NULL,
    "delivered_at" BIGINT,
    "error" {text},
    "body" {text} NOT NULL
);
CREATE INDEX "deliveries_on_event" ON "deliveries" ("event");
CREATE INDEX "deliveries_on_next_at" ON "deliveries" ("next_at");
