-- These run as the owner of the tables: adding a record needs no permission to write the index.
-- Two separators end the text, as on SQLite.
CREATE FUNCTION destinations_ui_search_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = :schema, pg_temp AS $$BEGIN
  INSERT INTO destinations_ui_search (id, created_at, person, outcome, project, environment, kind, text) VALUES (
    NEW.id, NEW.created_at, NEW.actor, NEW.outcome, NEW.project, NEW.environment, NEW.kind,
    upper(NEW.name || chr(31) || NEW.project || chr(31) || NEW.environment || chr(31) || NEW.actor || chr(31)
      || NEW.reason || chr(31) || NEW.destination_id || chr(31) || NEW.error_code || chr(31) || NEW.error_message
      || chr(31) || NEW.error_id || chr(31) || chr(31))
  ) ON CONFLICT (id) DO UPDATE SET created_at = EXCLUDED.created_at, person = EXCLUDED.person,
    outcome = EXCLUDED.outcome, project = EXCLUDED.project, environment = EXCLUDED.environment,
    kind = EXCLUDED.kind, text = EXCLUDED.text;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO destinations_ui_day AS known VALUES ((NEW.created_at AT TIME ZONE 'UTC')::date, NEW.id, NEW.id)
    ON CONFLICT (day) DO UPDATE SET first = least(known.first, NEW.id), last = greatest(known.last, NEW.id);
  END IF;
  RETURN NULL;
END$$;

CREATE FUNCTION destinations_ui_search_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = :schema, pg_temp AS $$BEGIN
  DELETE FROM destinations_ui_search WHERE id = OLD.id;
  UPDATE destinations_ui_day d SET first = coalesce((
    SELECT r.id FROM destinations_ui_auditrecord r
    WHERE r.id > OLD.id AND r.id <= d.last AND (r.created_at AT TIME ZONE 'UTC')::date = d.day ORDER BY r.id LIMIT 1
  ), d.last + 1) WHERE d.day = (OLD.created_at AT TIME ZONE 'UTC')::date AND d.first = OLD.id;
  UPDATE destinations_ui_day d SET last = coalesce((
    SELECT r.id FROM destinations_ui_auditrecord r
    WHERE r.id < OLD.id AND r.id >= d.first AND (r.created_at AT TIME ZONE 'UTC')::date = d.day ORDER BY r.id DESC LIMIT 1
  ), d.first - 1) WHERE d.day = (OLD.created_at AT TIME ZONE 'UTC')::date AND d.last = OLD.id;
  DELETE FROM destinations_ui_day WHERE day = (OLD.created_at AT TIME ZONE 'UTC')::date AND first > last;
  RETURN NULL;
END$$;

CREATE FUNCTION destinations_ui_search_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = :schema, pg_temp AS $$BEGIN
  TRUNCATE destinations_ui_search, destinations_ui_day;
  RETURN NULL;
END$$;

-- Otherwise anyone could use these functions on a table of their own, and so write the index.
REVOKE ALL ON FUNCTION destinations_ui_search_write(), destinations_ui_search_delete(), destinations_ui_search_truncate()
FROM PUBLIC;

CREATE TRIGGER destinations_ui_search_write AFTER INSERT OR UPDATE ON destinations_ui_auditrecord FOR EACH ROW EXECUTE FUNCTION destinations_ui_search_write();

CREATE TRIGGER destinations_ui_search_delete AFTER DELETE ON destinations_ui_auditrecord FOR EACH ROW EXECUTE FUNCTION destinations_ui_search_delete();

CREATE TRIGGER destinations_ui_search_truncate AFTER TRUNCATE ON destinations_ui_auditrecord FOR EACH STATEMENT EXECUTE FUNCTION destinations_ui_search_truncate();
