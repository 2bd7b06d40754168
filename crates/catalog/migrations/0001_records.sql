-- The records. {text} is the type of text that is compared byte by byte: TEXT on SQLite, TEXT COLLATE "C" on PostgreSQL.
-- Times are milliseconds since 1970, UTC; flags are 0 and 1; "body" is a JSON object. A unique index is called
-- TABLE_by_COLUMN_COLUMN after the fields of the record, and so is found again when it refuses something.

CREATE TABLE "organisations" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "key" {text} NOT NULL,
    "key_key" {text} NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "organisations_by_key" ON "organisations" ("key_key");

CREATE TABLE "projects" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "organisation" {text} NOT NULL REFERENCES "organisations" ("id"),
    "key" {text} NOT NULL,
    "key_key" {text} NOT NULL,
    "name" {text} NOT NULL,
    "name_key" {text} NOT NULL,
    "owner" {text},
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "projects_by_organisation_key" ON "projects" ("organisation", "key_key");

CREATE TABLE "connections" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "organisation" {text} NOT NULL REFERENCES "organisations" ("id"),
    "name" {text} NOT NULL,
    "name_key" {text} NOT NULL,
    "kind" {text} NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "connections_by_organisation_name" ON "connections" ("organisation", "name_key");

CREATE TABLE "datasets" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "project" {text} NOT NULL REFERENCES "projects" ("id"),
    "name" {text} NOT NULL,
    "name_key" {text} NOT NULL,
    "page_id" {text} NOT NULL,
    "origin" {text} NOT NULL,
    "visibility" {text} NOT NULL,
    "connection" {text} REFERENCES "connections" ("id"),
    "owner" {text},
    "generation" BIGINT NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "datasets_by_project_name" ON "datasets" ("project", "name_key");
CREATE UNIQUE INDEX "datasets_by_page_id" ON "datasets" ("page_id");
CREATE INDEX "datasets_on_name_key" ON "datasets" ("name_key");
CREATE INDEX "datasets_on_connection" ON "datasets" ("connection");
CREATE INDEX "datasets_on_origin" ON "datasets" ("origin");

CREATE TABLE "packages" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "project" {text} NOT NULL REFERENCES "projects" ("id"),
    "page_id" {text} NOT NULL,
    "kind" {text} NOT NULL,
    "name" {text} NOT NULL,
    "name_key" {text} NOT NULL,
    "title" {text} NOT NULL,
    "title_key" {text} NOT NULL,
    "visibility" {text} NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "packages_by_page_id" ON "packages" ("page_id");
CREATE UNIQUE INDEX "packages_by_project_kind_name" ON "packages" ("project", "kind", "name_key");

CREATE TABLE "resources" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "package" {text} NOT NULL REFERENCES "packages" ("id") ON DELETE CASCADE,
    "key" {text} NOT NULL,
    "position" BIGINT NOT NULL,
    "dataset" {text} REFERENCES "datasets" ("id"),
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "resources_by_package_key" ON "resources" ("package", "key");
CREATE INDEX "resources_on_dataset" ON "resources" ("dataset");

CREATE TABLE "links" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "package" {text} NOT NULL REFERENCES "packages" ("id") ON DELETE CASCADE,
    "key" {text} NOT NULL,
    "position" BIGINT NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "links_by_package_key" ON "links" ("package", "key");

CREATE TABLE "recipes" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "project" {text} NOT NULL REFERENCES "projects" ("id"),
    "name" {text} NOT NULL,
    "name_key" {text} NOT NULL,
    "kind" {text} NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "recipes_by_project_name" ON "recipes" ("project", "name_key");

CREATE TABLE "jobs" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "project" {text} REFERENCES "projects" ("id") ON DELETE CASCADE,
    "kind" {text} NOT NULL,
    "state" {text} NOT NULL,
    "idempotency_key" {text},
    "started_at" BIGINT,
    "ended_at" BIGINT,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "jobs_by_idempotency_key" ON "jobs" ("idempotency_key");
CREATE INDEX "jobs_on_project_created_at" ON "jobs" ("project", "created_at");
CREATE INDEX "jobs_on_state_created_at" ON "jobs" ("state", "created_at");

CREATE TABLE "activities" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "job" {text} NOT NULL REFERENCES "jobs" ("id") ON DELETE CASCADE,
    "name" {text} NOT NULL,
    "state" {text} NOT NULL,
    "lease_owner" {text},
    "lease_until" BIGINT,
    "attempts" BIGINT NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "activities_by_job_name" ON "activities" ("job", "name");
CREATE INDEX "activities_on_state_lease_until" ON "activities" ("state", "lease_until");

CREATE TABLE "schedules" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "kind" {text} NOT NULL,
    "object" {text} NOT NULL,
    "next_at" BIGINT,
    "body" {text} NOT NULL
);
CREATE INDEX "schedules_on_next_at" ON "schedules" ("next_at");
CREATE INDEX "schedules_on_object_kind" ON "schedules" ("object", "kind");

CREATE TABLE "users" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "login" {text} NOT NULL,
    "login_key" {text} NOT NULL,
    "email" {text} NOT NULL,
    "enabled" BIGINT NOT NULL,
    "admin" BIGINT NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "users_by_login" ON "users" ("login_key");

CREATE TABLE "groups" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "name" {text} NOT NULL,
    "name_key" {text} NOT NULL,
    "admin" BIGINT NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "groups_by_name" ON "groups" ("name_key");

CREATE TABLE "memberships" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "user" {text} NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "group" {text} NOT NULL,
    "group_key" {text} NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "memberships_by_user_group" ON "memberships" ("user", "group_key");
CREATE INDEX "memberships_on_group_key" ON "memberships" ("group_key");

CREATE TABLE "keys" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "prefix" {text} NOT NULL,
    "label" {text} NOT NULL,
    "label_key" {text} NOT NULL,
    "organisation" {text} REFERENCES "organisations" ("id"),
    "owner" {text},
    "expires_at" BIGINT,
    "revoked_at" BIGINT,
    "last_used_at" BIGINT,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "keys_by_prefix" ON "keys" ("prefix");
CREATE INDEX "keys_on_organisation" ON "keys" ("organisation");
CREATE INDEX "keys_on_owner" ON "keys" ("owner");

CREATE TABLE "sessions" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "hash" {text} NOT NULL,
    "user" {text} NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "expires_at" BIGINT NOT NULL,
    "last_used_at" BIGINT,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "sessions_by_hash" ON "sessions" ("hash");
CREATE INDEX "sessions_on_user" ON "sessions" ("user");
CREATE INDEX "sessions_on_expires_at" ON "sessions" ("expires_at");

CREATE TABLE "grants" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "dataset" {text} NOT NULL REFERENCES "datasets" ("id") ON DELETE CASCADE,
    "grantee_type" {text} NOT NULL,
    "grantee" {text} NOT NULL,
    "permission" {text} NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "grants_by_dataset_grantee_type_grantee" ON "grants" ("dataset", "grantee_type", "grantee");
CREATE INDEX "grants_on_grantee_type_grantee" ON "grants" ("grantee_type", "grantee");

CREATE TABLE "masks" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "dataset" {text} NOT NULL REFERENCES "datasets" ("id") ON DELETE CASCADE,
    "column" {text} NOT NULL,
    "hidden" BIGINT NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "masks_by_dataset_column" ON "masks" ("dataset", "column");

CREATE TABLE "settings" (
    "id" {text} NOT NULL PRIMARY KEY,
    "version" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "created_by" {text} NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "updated_by" {text} NOT NULL,
    "name" {text} NOT NULL,
    "name_key" {text} NOT NULL,
    "body" {text} NOT NULL
);
CREATE UNIQUE INDEX "settings_by_name" ON "settings" ("name_key");

-- Which page ids were ever given, and to what: to datasets and packages alike, and never again to another.
CREATE TABLE "page_ids" (
    "page_id" {text} NOT NULL PRIMARY KEY,
    "object_type" {text} NOT NULL,
    "object" {text} NOT NULL
);

-- A number for each table that grows with every change to it, by which nodes know what they have in memory is old.
CREATE TABLE "epochs" (
    "name" {text} NOT NULL PRIMARY KEY,
    "value" BIGINT NOT NULL
);
