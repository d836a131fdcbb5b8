CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE EXTENSION IF NOT EXISTS btree_gin;

-- The first and the last record of each day (UTC): ids between them are all that a search by date reads.
CREATE TABLE destinations_ui_day (day date PRIMARY KEY, first bigint NOT NULL, last bigint NOT NULL);

CREATE TABLE destinations_ui_search (
  id bigint PRIMARY KEY,
  created_at timestamptz NOT NULL,
  person text NOT NULL,
  outcome text NOT NULL,
  project text NOT NULL,
  environment text NOT NULL,
  kind text NOT NULL,
  text text NOT NULL
);

CREATE INDEX destinations_ui_search_person ON destinations_ui_search (person, id);

CREATE INDEX destinations_ui_search_outcome ON destinations_ui_search (outcome, id);

CREATE INDEX destinations_ui_search_project ON destinations_ui_search (project, id);

CREATE INDEX destinations_ui_search_environment ON destinations_ui_search (environment, id);

CREATE INDEX destinations_ui_search_kind ON destinations_ui_search (kind, id);

-- Without fastupdate's list of pending entries, which every search would read.
CREATE INDEX destinations_ui_search_together ON destinations_ui_search
  USING gin (person, outcome, project, environment, kind, text gin_trgm_ops) WITH (fastupdate = off);
