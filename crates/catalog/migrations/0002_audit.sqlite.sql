-- The audit log: entries are added, never changed, and deleted by retention alone.

CREATE TABLE "audit" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT,
    "at" BIGINT NOT NULL,
    "principal" {text} NOT NULL,
    "address" {text},
    "action" {text} NOT NULL,
    "object_type" {text} NOT NULL,
    "object" {text} NOT NULL,
    "organisation" {text},
    "before" {text},
    "after" {text},
    "detail" {text},
    "outcome" {text} NOT NULL,
    "request_id" {text} NOT NULL
);
CREATE INDEX "audit_on_at" ON "audit" ("at");
CREATE INDEX "audit_on_object" ON "audit" ("object_type", "object", "id");
CREATE INDEX "audit_on_principal" ON "audit" ("principal", "id");
CREATE INDEX "audit_on_action" ON "audit" ("action", "id");

-- One row: entries older than "before" may be deleted. It is 0 but while retention is at work.
CREATE TABLE "audit_guard" ("before" BIGINT NOT NULL);
INSERT INTO "audit_guard" ("before") VALUES (0);

CREATE TRIGGER "audit_never_changes" BEFORE UPDATE ON "audit"
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER "audit_is_kept" BEFORE DELETE ON "audit"
WHEN OLD."at" >= (SELECT max("before") FROM "audit_guard")
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
