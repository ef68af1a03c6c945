-- The register of measures, appeals, the list that the wires follow, and what the public reported.
-- Targets are sealed: found by token, shown by mask, opened to put them onto a list.

CREATE TABLE fanzha.register_count (series text, day date, last integer NOT NULL, PRIMARY KEY (series, day));

CREATE TABLE fanzha.measure (
  id uuid PRIMARY KEY,
  number text NOT NULL UNIQUE,
  revision integer NOT NULL DEFAULT 1,
  state text NOT NULL,
  kind text NOT NULL,
  reach text NOT NULL,
  target_token bytea NOT NULL,
  target_mask text NOT NULL,
  sealed bytea NOT NULL,
  effect text NOT NULL,
  ground_kind text NOT NULL CHECK (ground_kind IN ('finding', 'order')),
  ground_ref text NOT NULL CHECK (ground_ref <> ''),
  article text NOT NULL CHECK (article <> ''),
  ground_zh text NOT NULL CHECK (ground_zh <> ''),
  ground_en text NOT NULL CHECK (ground_en <> ''),
  area text NOT NULL REFERENCES fanzha.unit,
  begins_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  remedy jsonb NOT NULL CHECK (remedy ? 'channel_zh' AND jsonb_array_length(remedy->'documents_zh') > 0),
  code bigint NOT NULL UNIQUE CHECK (code > 0),
  automatic boolean NOT NULL,
  protected boolean NOT NULL,
  approvals jsonb NOT NULL DEFAULT '[]',
  approvals_needed smallint NOT NULL CHECK (approvals_needed > 0),
  proposed_by text NOT NULL,
  proposed_display text NOT NULL,
  unit text NOT NULL REFERENCES fanzha.unit,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  decide_by timestamptz,
  note text NOT NULL DEFAULT '',
  listed_at_version bigint,
  province text, city text, branch text, station text, post text,
  CHECK (ends_at > begins_at),
  -- Approved by others than its proposer, and what is protected by two at least.
  CHECK (state <> 'standing' OR automatic OR jsonb_array_length(approvals) >= approvals_needed),
  CHECK (NOT protected OR approvals_needed >= 2),
  CHECK (NOT (protected AND automatic))
);
CREATE INDEX measure_new_nation ON fanzha.measure (created_at DESC, id DESC);
CREATE INDEX measure_new_province ON fanzha.measure (province, created_at DESC, id DESC);
CREATE INDEX measure_new_city ON fanzha.measure (city, created_at DESC, id DESC);
CREATE INDEX measure_new_branch ON fanzha.measure (branch, created_at DESC, id DESC);
CREATE INDEX measure_new_station ON fanzha.measure (station, created_at DESC, id DESC);
CREATE INDEX measure_new_post ON fanzha.measure (post, created_at DESC, id DESC);
CREATE INDEX measure_state ON fanzha.measure (state, created_at DESC, id DESC);
CREATE INDEX measure_ends ON fanzha.measure (ends_at) WHERE state IN ('standing', 'provisional');
CREATE INDEX measure_decide ON fanzha.measure (decide_by) WHERE state = 'proposed';
CREATE INDEX measure_target ON fanzha.measure (target_token, created_at DESC);
CREATE TRIGGER measure_guard BEFORE UPDATE ON fanzha.measure FOR EACH ROW EXECUTE FUNCTION fanzha.guard_revision();

-- A text belongs to a warning, or is the notice of a measure.
ALTER TABLE fanzha.message ALTER COLUMN warning_id DROP NOT NULL;
ALTER TABLE fanzha.message ADD COLUMN measure_id uuid REFERENCES fanzha.measure;
ALTER TABLE fanzha.message ADD CHECK ((warning_id IS NULL) <> (measure_id IS NULL));
CREATE INDEX message_measure ON fanzha.message (measure_id) WHERE measure_id IS NOT NULL;

CREATE TABLE fanzha.appeal (
  id uuid PRIMARY KEY,
  number text NOT NULL UNIQUE,
  revision integer NOT NULL DEFAULT 1,
  state text NOT NULL,
  measure_id uuid NOT NULL REFERENCES fanzha.measure,
  measure_number text NOT NULL,
  sealed bytea NOT NULL,
  filed_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  due_at timestamptz,
  escalates_at timestamptz,
  checked_by text,
  decided_by text,
  decided_display text,
  reasons text NOT NULL DEFAULT '',
  note text NOT NULL DEFAULT '',
  unit text NOT NULL REFERENCES fanzha.unit,
  province text, city text, branch text, station text, post text,
  CHECK (state NOT IN ('upheld', 'rejected', 'not_admitted') OR (reasons <> '' AND decided_by IS NOT NULL))
);
CREATE UNIQUE INDEX appeal_open ON fanzha.appeal (measure_id) WHERE state IN ('filed', 'accepted', 'checked');
CREATE INDEX appeal_measure ON fanzha.appeal (measure_id, filed_at DESC);
CREATE INDEX appeal_due ON fanzha.appeal (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX appeal_new ON fanzha.appeal (filed_at DESC, id DESC);
CREATE INDEX appeal_late ON fanzha.appeal (escalates_at) WHERE escalates_at IS NOT NULL;
CREATE TRIGGER appeal_guard BEFORE UPDATE ON fanzha.appeal FOR EACH ROW EXECUTE FUNCTION fanzha.guard_revision();

-- One row a key: what it has become, at which version. Whoever changes the list holds its head until the commit, so that versions
-- come in the order of the commits and a reader who has seen version n has seen all before it.
CREATE TABLE fanzha.list_head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version bigint NOT NULL,
  oldest bigint NOT NULL DEFAULT 0
);
INSERT INTO fanzha.list_head (version) VALUES (0);

CREATE TABLE fanzha.listed (
  token bytea PRIMARY KEY,
  kind smallint NOT NULL,
  match smallint NOT NULL,
  sealed bytea NOT NULL,
  effect smallint NOT NULL,
  code bigint NOT NULL,
  ends_at bigint NOT NULL,
  measure_id uuid REFERENCES fanzha.measure,
  area text, -- where it holds: the code of a unit; null: everywhere
  protected boolean NOT NULL DEFAULT false,
  version bigint NOT NULL,
  gone boolean NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX listed_version ON fanzha.listed (version, token);
CREATE INDEX listed_measure ON fanzha.listed (measure_id) WHERE NOT gone AND measure_id IS NOT NULL;
CREATE INDEX listed_gone ON fanzha.listed (changed_at) WHERE gone;

-- Which version each edge says it has: what a measure's page shows of its wires.
CREATE TABLE fanzha.edge_seen (
  edge text PRIMARY KEY,
  version bigint NOT NULL,
  at timestamptz NOT NULL
);

-- What measures did on the wires, as edges tell it: by hour. An edge numbers what it tells, so that what was told twice counts once.
CREATE TABLE fanzha.measure_hit (
  code bigint NOT NULL,
  wire text NOT NULL,
  hour timestamptz NOT NULL,
  effect smallint NOT NULL,
  hits bigint NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (code, wire, hour)
);
CREATE INDEX measure_hit_last ON fanzha.measure_hit (last_at DESC);
CREATE TABLE fanzha.edge_told (edge text PRIMARY KEY, run uuid NOT NULL, seq bigint NOT NULL);

-- One voice a person and thing. Neither stands here in the clear.
CREATE TABLE fanzha.report (
  about bytea NOT NULL,
  by bytea NOT NULL,
  at timestamptz NOT NULL,
  withdrawn_at timestamptz,
  PRIMARY KEY (about, by)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['register_count', 'measure', 'appeal', 'list_head', 'listed', 'edge_seen', 'report', 'measure_hit', 'edge_told'] LOOP
    EXECUTE format('ALTER TABLE fanzha.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE fanzha.%I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['measure', 'appeal'] LOOP
    EXECUTE format('CREATE POLICY place ON fanzha.%I USING (fanzha.covers(province, city, branch, station, post))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['register_count', 'list_head', 'listed', 'edge_seen', 'report', 'measure_hit', 'edge_told'] LOOP
    EXECUTE format('CREATE POLICY centre ON fanzha.%I USING (fanzha.scope_level() = ''nation'')', t);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON fanzha.register_count, fanzha.measure, fanzha.appeal, fanzha.listed, fanzha.edge_seen, fanzha.report,
  fanzha.measure_hit, fanzha.edge_told TO fanzha_app;
GRANT SELECT, UPDATE ON fanzha.list_head TO fanzha_app;
GRANT DELETE ON fanzha.listed TO fanzha_app;
