-- The first and the last record of each day (UTC): ids between them are all that a search by date reads.
CREATE TABLE destinations_ui_day (day TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);

-- Each value that records are filtered by is indexed as one trigram: three characters from Unicode's private planes.
CREATE TABLE destinations_ui_symbol (
  id INTEGER PRIMARY KEY,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  symbol TEXT AS (char(983040 + id % 4096, 987136 + id / 4096 % 4096, 991232 + id / 16777216)) VIRTUAL,
  UNIQUE (field, value)
);

CREATE VIRTUAL TABLE destinations_ui_search USING fts5(
  person, outcome, project, environment, kind, text,
  content='destinations_ui_searched', content_rowid='id', tokenize='trigram'
);

-- The trigrams that occur.
CREATE VIRTUAL TABLE destinations_ui_trigram USING fts5vocab(destinations_ui_search, 'row');
