-- SQLite's REPLACE deletes the row in its way without firing a trigger. So no row may be in the way of an insertion,
-- by its rowid neither.
CREATE TRIGGER "destinations_ui_event_insert" BEFORE INSERT ON "destinations_ui_event"
WHEN (
  NEW.seq = 1 + coalesce((SELECT max(seq) FROM "destinations_ui_event"), 0)
  AND NEW.previous = coalesce((SELECT seal FROM "destinations_ui_event" WHERE seq = NEW.seq - 1), '')
  AND NOT EXISTS (SELECT 1 FROM "destinations_ui_event" WHERE rowid = NEW.rowid)
) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'Events are added at the end of the history.'); END;

CREATE TRIGGER "destinations_ui_event_update" BEFORE UPDATE ON "destinations_ui_event"
WHEN (FALSE) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'Events are not edited.'); END;

-- A later event of type pruned permits it.
CREATE TRIGGER "destinations_ui_event_delete" BEFORE DELETE ON "destinations_ui_event"
WHEN (
  EXISTS (
    SELECT 1 FROM "destinations_ui_event" AS pruned WHERE pruned.type = 'pruned' AND OLD.seq < pruned.seq
    AND OLD.seq <= CAST(json_extract(pruned.body, '$.through') AS INTEGER)
  )
) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'Events are not deleted.'); END;

CREATE TRIGGER "destinations_ui_auditrecord_insert" BEFORE INSERT ON "destinations_ui_auditrecord"
WHEN (
  NOT EXISTS (SELECT 1 FROM "destinations_ui_auditrecord" WHERE id = NEW.id OR uuid = NEW.uuid OR submission = NEW.submission)
) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'Records are not replaced.'); END;

-- The request is fixed. The outcome moves from pending, and from unknown, once.
CREATE TRIGGER "destinations_ui_auditrecord_update" BEFORE UPDATE ON "destinations_ui_auditrecord"
WHEN (
  (OLD."id", OLD."uuid", OLD."submission", OLD."request_id", OLD."created_at", OLD."actor", OLD."actor_pk", OLD."action",
      OLD."project", OLD."environment", OLD."kind", OLD."name", OLD."on", OLD."config", OLD."secrets", OLD."reason")
    IS (NEW."id", NEW."uuid", NEW."submission", NEW."request_id", NEW."created_at", NEW."actor", NEW."actor_pk", NEW."action",
      NEW."project", NEW."environment", NEW."kind", NEW."name", NEW."on", NEW."config", NEW."secrets", NEW."reason")
  AND (
    OLD.outcome = 'pending' AND NEW.outcome IN ('succeeded', 'refused', 'not_sent', 'unknown')
    OR OLD.outcome = 'unknown' AND NEW.outcome IN ('succeeded', 'refused', 'not_sent', 'absent')
  )
) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'Records are not edited.'); END;

-- Records are deleted before their events.
CREATE TRIGGER "destinations_ui_auditrecord_delete" BEFORE DELETE ON "destinations_ui_auditrecord"
WHEN (
  EXISTS (
    SELECT 1 FROM "destinations_ui_event" AS pruned WHERE pruned.type = 'pruned' AND (SELECT max(seq) FROM "destinations_ui_event" WHERE record = OLD.uuid) < pruned.seq
    AND (SELECT max(seq) FROM "destinations_ui_event" WHERE record = OLD.uuid) <= CAST(json_extract(pruned.body, '$.through') AS INTEGER)
  )
) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'Records are not deleted.'); END;

CREATE TRIGGER "destinations_ui_installation_insert" BEFORE INSERT ON "destinations_ui_installation"
WHEN (
  NOT EXISTS (SELECT 1 FROM "destinations_ui_installation")
) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'A database is one installation.'); END;

CREATE TRIGGER "destinations_ui_installation_update" BEFORE UPDATE ON "destinations_ui_installation"
WHEN (FALSE) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'The installation is not edited.'); END;

CREATE TRIGGER "destinations_ui_installation_delete" BEFORE DELETE ON "destinations_ui_installation"
WHEN (FALSE) IS NOT TRUE
BEGIN SELECT RAISE(ABORT, 'The installation is not deleted.'); END;
