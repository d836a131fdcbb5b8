-- What the index holds of each record. Two separators end the text, so that each of its characters begins a trigram.
CREATE VIEW "destinations_ui_searched" AS SELECT
  r.id AS id,
  (SELECT symbol FROM destinations_ui_symbol WHERE field = 'person' AND value = r.actor) AS person,
  (SELECT symbol FROM destinations_ui_symbol WHERE field = 'outcome' AND value = r.outcome) AS outcome,
  (SELECT symbol FROM destinations_ui_symbol WHERE field = 'project' AND value = r.project) AS project,
  (SELECT symbol FROM destinations_ui_symbol WHERE field = 'environment' AND value = r.environment) AS environment,
  (SELECT symbol FROM destinations_ui_symbol WHERE field = 'kind' AND value = r.kind) AS kind,
  r.name || char(31) || r.project || char(31) || r.environment || char(31) || r.actor || char(31) || r.reason
    || char(31) || r.destination_id || char(31) || r.error_code || char(31) || r.error_message || char(31)
    || r.error_id || char(31) || char(31) AS text
FROM "destinations_ui_auditrecord" r;

-- No ON CONFLICT in a trigger: SQLite would use that of the statement that fired it.
CREATE TRIGGER "destinations_ui_search_insert" AFTER INSERT ON "destinations_ui_auditrecord" BEGIN
  INSERT INTO destinations_ui_symbol (field, value)
    SELECT field, value FROM (
      SELECT 'person' AS field, NEW.actor AS value UNION ALL SELECT 'outcome', NEW.outcome
      UNION ALL SELECT 'project', NEW.project UNION ALL SELECT 'environment', NEW.environment
      UNION ALL SELECT 'kind', NEW.kind
    ) AS used
    WHERE NOT EXISTS (SELECT 1 FROM destinations_ui_symbol s WHERE s.field = used.field AND s.value = used.value);
  INSERT INTO destinations_ui_search (rowid, person, outcome, project, environment, kind, text)
    SELECT id, person, outcome, project, environment, kind, text FROM destinations_ui_searched WHERE id = NEW.id;
  INSERT INTO destinations_ui_day SELECT date(NEW.created_at), NEW.id, NEW.id
    WHERE NOT EXISTS (SELECT 1 FROM destinations_ui_day WHERE day = date(NEW.created_at));
  UPDATE destinations_ui_day SET first = min(first, NEW.id), last = max(last, NEW.id)
    WHERE day = date(NEW.created_at) AND NOT NEW.id BETWEEN first AND last;
END;

-- FTS5 has to be told the values that it forgets.
CREATE TRIGGER "destinations_ui_search_update_old" BEFORE UPDATE ON "destinations_ui_auditrecord" BEGIN
  INSERT INTO destinations_ui_search (destinations_ui_search, rowid, person, outcome, project, environment, kind, text)
    SELECT 'delete', id, person, outcome, project, environment, kind, text
    FROM destinations_ui_searched WHERE id = OLD.id;
END;

CREATE TRIGGER "destinations_ui_search_update_new" AFTER UPDATE ON "destinations_ui_auditrecord" BEGIN
  INSERT INTO destinations_ui_symbol (field, value)
    SELECT field, value FROM (
      SELECT 'person' AS field, NEW.actor AS value UNION ALL SELECT 'outcome', NEW.outcome
      UNION ALL SELECT 'project', NEW.project UNION ALL SELECT 'environment', NEW.environment
      UNION ALL SELECT 'kind', NEW.kind
    ) AS used
    WHERE NOT EXISTS (SELECT 1 FROM destinations_ui_symbol s WHERE s.field = used.field AND s.value = used.value);
  INSERT INTO destinations_ui_search (rowid, person, outcome, project, environment, kind, text)
    SELECT id, person, outcome, project, environment, kind, text FROM destinations_ui_searched WHERE id = NEW.id;
END;

CREATE TRIGGER "destinations_ui_search_delete" BEFORE DELETE ON "destinations_ui_auditrecord" BEGIN
  INSERT INTO destinations_ui_search (destinations_ui_search, rowid, person, outcome, project, environment, kind, text)
    SELECT 'delete', id, person, outcome, project, environment, kind, text
    FROM destinations_ui_searched WHERE id = OLD.id;
END;

CREATE TRIGGER "destinations_ui_day_delete" AFTER DELETE ON "destinations_ui_auditrecord" BEGIN
  UPDATE destinations_ui_day SET first = coalesce((
    SELECT r.id FROM "destinations_ui_auditrecord" r
    WHERE r.id > OLD.id AND r.id <= last AND date(r.created_at) = day ORDER BY r.id LIMIT 1
  ), last + 1) WHERE day = date(OLD.created_at) AND first = OLD.id;
  UPDATE destinations_ui_day SET last = coalesce((
    SELECT r.id FROM "destinations_ui_auditrecord" r
    WHERE r.id < OLD.id AND r.id >= first AND date(r.created_at) = day ORDER BY r.id DESC LIMIT 1
  ), first - 1) WHERE day = date(OLD.created_at) AND last = OLD.id;
  DELETE FROM destinations_ui_day WHERE day = date(OLD.created_at) AND first > last;
END;
