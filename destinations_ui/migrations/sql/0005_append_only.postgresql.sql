-- Each function names its schema, or a temporary table of the same name could be read instead.
CREATE FUNCTION destinations_ui_event_insert() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  IF (
    NEW.seq = 1 + coalesce((SELECT max(seq) FROM destinations_ui_event), 0)
    AND NEW.previous = coalesce((SELECT seal FROM destinations_ui_event WHERE seq = NEW.seq - 1), '')
  ) IS NOT TRUE THEN
    RAISE EXCEPTION 'Events are added at the end of the history.' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END$$;

CREATE TRIGGER destinations_ui_event_insert BEFORE INSERT ON destinations_ui_event FOR EACH ROW EXECUTE FUNCTION destinations_ui_event_insert();

CREATE FUNCTION destinations_ui_event_update() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  RAISE EXCEPTION 'Events are not edited.' USING ERRCODE = 'check_violation';
END$$;

CREATE TRIGGER destinations_ui_event_update BEFORE UPDATE ON destinations_ui_event FOR EACH ROW EXECUTE FUNCTION destinations_ui_event_update();

-- A later event of type pruned permits it.
CREATE FUNCTION destinations_ui_event_delete() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  IF (
    EXISTS (
      SELECT 1 FROM destinations_ui_event AS pruned WHERE pruned.type = 'pruned' AND OLD.seq < pruned.seq
      AND OLD.seq <= (pruned.body::json->>'through')::bigint
    )
  ) IS NOT TRUE THEN
    RAISE EXCEPTION 'Events are not deleted.' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END$$;

CREATE TRIGGER destinations_ui_event_delete BEFORE DELETE ON destinations_ui_event FOR EACH ROW EXECUTE FUNCTION destinations_ui_event_delete();

CREATE FUNCTION destinations_ui_event_truncate() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  RAISE EXCEPTION 'Events are not deleted.' USING ERRCODE = 'check_violation';
END$$;

CREATE TRIGGER destinations_ui_event_truncate BEFORE TRUNCATE ON destinations_ui_event FOR EACH STATEMENT EXECUTE FUNCTION destinations_ui_event_truncate();

-- The request is fixed. The outcome moves from pending, and from unknown, once.
CREATE FUNCTION destinations_ui_auditrecord_update() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  IF (
    (OLD."id", OLD."uuid", OLD."submission", OLD."request_id", OLD."created_at", OLD."actor", OLD."actor_pk", OLD."action",
      OLD."project", OLD."environment", OLD."kind", OLD."name", OLD."on", OLD."config", OLD."secrets", OLD."reason", OLD."changes")
      IS NOT DISTINCT FROM (NEW."id", NEW."uuid", NEW."submission", NEW."request_id", NEW."created_at", NEW."actor", NEW."actor_pk", NEW."action",
      NEW."project", NEW."environment", NEW."kind", NEW."name", NEW."on", NEW."config", NEW."secrets", NEW."reason", NEW."changes")
    AND (
      OLD.outcome = 'pending' AND NEW.outcome IN ('succeeded', 'refused', 'not_sent', 'unknown')
      OR OLD.outcome = 'unknown' AND NEW.outcome IN ('succeeded', 'refused', 'not_sent', 'absent')
    )
  ) IS NOT TRUE THEN
    RAISE EXCEPTION 'Records are not edited.' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END$$;

CREATE TRIGGER destinations_ui_auditrecord_update BEFORE UPDATE ON destinations_ui_auditrecord FOR EACH ROW EXECUTE FUNCTION destinations_ui_auditrecord_update();

-- Records are deleted before their events.
CREATE FUNCTION destinations_ui_auditrecord_delete() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  IF (
    EXISTS (
      SELECT 1 FROM destinations_ui_event AS pruned WHERE pruned.type = 'pruned' AND (SELECT max(seq) FROM destinations_ui_event WHERE record = OLD.uuid) < pruned.seq
      AND (SELECT max(seq) FROM destinations_ui_event WHERE record = OLD.uuid) <= (pruned.body::json->>'through')::bigint
    )
  ) IS NOT TRUE THEN
    RAISE EXCEPTION 'Records are not deleted.' USING ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END$$;

CREATE TRIGGER destinations_ui_auditrecord_delete BEFORE DELETE ON destinations_ui_auditrecord FOR EACH ROW EXECUTE FUNCTION destinations_ui_auditrecord_delete();

CREATE FUNCTION destinations_ui_auditrecord_truncate() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  RAISE EXCEPTION 'Records are not deleted.' USING ERRCODE = 'check_violation';
END$$;

CREATE TRIGGER destinations_ui_auditrecord_truncate BEFORE TRUNCATE ON destinations_ui_auditrecord FOR EACH STATEMENT EXECUTE FUNCTION destinations_ui_auditrecord_truncate();

CREATE FUNCTION destinations_ui_installation_insert() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  IF (NOT EXISTS (SELECT 1 FROM destinations_ui_installation)) IS NOT TRUE THEN
    RAISE EXCEPTION 'A database is one installation.' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END$$;

CREATE TRIGGER destinations_ui_installation_insert BEFORE INSERT ON destinations_ui_installation FOR EACH ROW EXECUTE FUNCTION destinations_ui_installation_insert();

CREATE FUNCTION destinations_ui_installation_update() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  RAISE EXCEPTION 'The installation is not edited.' USING ERRCODE = 'check_violation';
END$$;

CREATE TRIGGER destinations_ui_installation_update BEFORE UPDATE ON destinations_ui_installation FOR EACH ROW EXECUTE FUNCTION destinations_ui_installation_update();

CREATE FUNCTION destinations_ui_installation_delete() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  RAISE EXCEPTION 'The installation is not deleted.' USING ERRCODE = 'check_violation';
END$$;

CREATE TRIGGER destinations_ui_installation_delete BEFORE DELETE ON destinations_ui_installation FOR EACH ROW EXECUTE FUNCTION destinations_ui_installation_delete();

CREATE FUNCTION destinations_ui_installation_truncate() RETURNS trigger LANGUAGE plpgsql
SET search_path = :schema, pg_temp AS $$BEGIN
  RAISE EXCEPTION 'The installation is not deleted.' USING ERRCODE = 'check_violation';
END$$;

CREATE TRIGGER destinations_ui_installation_truncate BEFORE TRUNCATE ON destinations_ui_installation FOR EACH STATEMENT EXECUTE FUNCTION destinations_ui_installation_truncate();
