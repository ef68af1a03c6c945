-- The rule workshop: versions, rule sets and where in the log they took hold, counts, rehearsals, snoozes, labels.
-- Rules belong to the centre as a whole: read by whoever has a place in it, written for the nation's scope only. Labels carry their place.

CREATE TABLE fanzha.rule_version (
  rule text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  revision integer NOT NULL DEFAULT 1,
  state text NOT NULL,
  channel text NOT NULL,
  text jsonb NOT NULL,
  replaces integer,
  author text NOT NULL,
  author_display text NOT NULL,
  submitted_by text,
  submitted_display text,
  published_by text,
  published_display text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  shadow_since timestamptz,
  live_since timestamptz,
  note text NOT NULL DEFAULT '',
  PRIMARY KEY (rule, version),
  -- Two persons: neither the author nor the submitter publishes.
  CHECK (published_by IS NULL OR (published_by <> author AND published_by IS DISTINCT FROM submitted_by))
);
CREATE UNIQUE INDEX rule_version_live ON fanzha.rule_version (rule) WHERE state = 'live';
CREATE INDEX rule_version_in_force ON fanzha.rule_version (state) WHERE state IN ('live', 'shadow', 'submitted');

CREATE FUNCTION fanzha.guard_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state IS DISTINCT FROM OLD.state AND NEW.revision <> OLD.revision + 1 THEN
    RAISE EXCEPTION 'a state changes only by a verb of its lifecycle' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rule_version_guard BEFORE UPDATE ON fanzha.rule_version FOR EACH ROW EXECUTE FUNCTION fanzha.guard_revision();

-- Editions, written in the commit of the act that made them; never changed.
CREATE TABLE fanzha.rule_set (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  content jsonb NOT NULL,
  because text NOT NULL,
  at timestamptz NOT NULL
);

-- From which entry of its log a consumer goes by an edition: the entries after `after`. Written once, so that a replay goes by the same.
CREATE TABLE fanzha.rule_set_taken (
  consumer text NOT NULL,
  after bigint NOT NULL,
  number bigint NOT NULL REFERENCES fanzha.rule_set,
  at timestamptz NOT NULL,
  PRIMARY KEY (consumer, number)
);
CREATE INDEX rule_set_taken_order ON fanzha.rule_set_taken (consumer, after, number);

-- Counted in the commit that moves the consumer's counted position.
CREATE TABLE fanzha.rule_count (
  ref text NOT NULL,
  mode text NOT NULL,
  hour timestamptz NOT NULL,
  hits bigint NOT NULL,
  cases bigint NOT NULL,
  PRIMARY KEY (ref, mode, hour)
);
CREATE TABLE fanzha.rule_spread (
  channel text NOT NULL,
  name text NOT NULL,
  day date NOT NULL,
  counts bigint[] NOT NULL,
  PRIMARY KEY (channel, name, day)
);

-- Rows below the threshold, drawn by a keyed hash and looked at whatever their score.
CREATE TABLE fanzha.look (
  id text PRIMARY KEY,
  channel text NOT NULL,
  detector text NOT NULL,
  at timestamptz NOT NULL,
  stream text NOT NULL,
  subject_token bytea NOT NULL,
  subject_mask text NOT NULL,
  share double precision NOT NULL CHECK (share > 0 AND share <= 1),
  score real NOT NULL,
  zh text NOT NULL,
  en text NOT NULL
);
CREATE INDEX look_at ON fanzha.look (at DESC, id);

CREATE TABLE fanzha.rule_snooze (
  id uuid PRIMARY KEY,
  rule text NOT NULL,
  key numeric(20),
  mask text NOT NULL,
  area text,
  until timestamptz NOT NULL,
  note text NOT NULL,
  by text NOT NULL,
  at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE INDEX rule_snooze_rule ON fanzha.rule_snooze (rule, until);

-- A replay over history. The state is the queue.
CREATE TABLE fanzha.rehearsal (
  id uuid PRIMARY KEY,
  rule text NOT NULL,
  version integer NOT NULL,
  against integer,
  state text NOT NULL CHECK (state IN ('asked', 'running', 'done', 'failed')),
  done_share double precision NOT NULL DEFAULT 0,
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL,
  touched_at timestamptz NOT NULL,
  finished_at timestamptz,
  source text NOT NULL,
  result jsonb NOT NULL DEFAULT '{}',
  FOREIGN KEY (rule, version) REFERENCES fanzha.rule_version (rule, version)
);
CREATE INDEX rehearsal_rule ON fanzha.rehearsal (rule, version, asked_at DESC);
CREATE INDEX rehearsal_open ON fanzha.rehearsal (asked_at) WHERE state IN ('asked', 'running');

-- Cases that only the draft hits, drawn for judging. De-identified: nothing here opens to a person.
CREATE TABLE fanzha.rehearsal_case (
  rehearsal uuid NOT NULL REFERENCES fanzha.rehearsal,
  n integer NOT NULL,
  at timestamptz NOT NULL,
  subject_token bytea NOT NULL,
  zh text NOT NULL,
  en text NOT NULL,
  score real NOT NULL,
  elder boolean,
  share double precision NOT NULL,
  PRIMARY KEY (rehearsal, n)
);

CREATE TABLE fanzha.label (
  about text NOT NULL,
  source text NOT NULL CHECK (source IN ('outcome', 'look', 'sample')),
  token bytea NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('fraud', 'false')),
  share double precision NOT NULL CHECK (share > 0 AND share <= 1),
  by text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (about, source)
);
CREATE INDEX label_at ON fanzha.label (at DESC);
CREATE INDEX label_token ON fanzha.label (token);

-- When a finding was taken in: latency is measured from its event.
ALTER TABLE fanzha.finding ADD COLUMN taken_at timestamptz DEFAULT now();
CREATE INDEX finding_rules ON fanzha.finding USING gin (reasons jsonb_path_ops);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['rule_version', 'rule_set', 'rule_set_taken', 'rule_count', 'rule_spread', 'look', 'rule_snooze', 'rehearsal',
                           'rehearsal_case', 'label'] LOOP
    EXECUTE format('ALTER TABLE fanzha.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE fanzha.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY centre ON fanzha.%I USING (fanzha.scope_level() = ''nation'')', t);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON fanzha.rule_version, fanzha.rule_count, fanzha.rule_spread, fanzha.rule_snooze, fanzha.rehearsal, fanzha.label
  TO fanzha_app;
GRANT SELECT, INSERT ON fanzha.rule_set, fanzha.rule_set_taken, fanzha.look, fanzha.rehearsal_case TO fanzha_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA fanzha TO fanzha_app;
