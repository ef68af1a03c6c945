-- fanzha: state, deeds, outbox, people who work here. Applied by the owner; the application's role owns nothing.
--
-- Jurisdiction: every table has row-level security, enabled and forced, with policies that fail closed: a connection whose app.scope is missing or
-- empty sees no row. The repository also writes the scope into its WHERE, for the index; the policy is the net under it.

CREATE SCHEMA IF NOT EXISTS fanzha;

CREATE FUNCTION fanzha.scope_level() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(split_part(current_setting('app.scope', true), ':', 1), '') $$;

CREATE FUNCTION fanzha.scope_code() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(split_part(current_setting('app.scope', true), ':', 2), '') $$;

CREATE FUNCTION fanzha.covers(province text, city text, branch text, station text, post text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(CASE fanzha.scope_level()
     WHEN 'nation' THEN fanzha.scope_code() IS NOT NULL
     WHEN 'province' THEN province = fanzha.scope_code()
     WHEN 'city' THEN city = fanzha.scope_code()
     WHEN 'branch' THEN branch = fanzha.scope_code()
     WHEN 'station' THEN station = fanzha.scope_code()
     WHEN 'post' THEN post = fanzha.scope_code()
   END, false) $$;

-- ── tiers ────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE fanzha.unit (
  code text PRIMARY KEY,
  level text NOT NULL CHECK (level IN ('nation', 'province', 'city', 'branch', 'station', 'post')),
  parent text REFERENCES fanzha.unit,
  zh text NOT NULL,
  en text NOT NULL,
  province text, city text, branch text, station text, post text
);

-- ── people who work here ─────────────────────────────────────────────────────────────────────────

CREATE TABLE fanzha.operator (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  display text NOT NULL,
  password_hash text NOT NULL,
  roles text[] NOT NULL CHECK (roles <@ ARRAY['dissuader', 'duty_officer', 'analyst', 'auditor', 'administrator']),
  unit text NOT NULL REFERENCES fanzha.unit,
  demo boolean NOT NULL DEFAULT false,
  active boolean NOT NULL DEFAULT true,
  failed_count integer NOT NULL DEFAULT 0,
  locked_until timestamptz,
  created_at timestamptz NOT NULL,
  province text, city text, branch text, station text, post text
);

CREATE TABLE fanzha.login (
  token_hash bytea PRIMARY KEY,
  operator_id uuid NOT NULL REFERENCES fanzha.operator ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);
CREATE INDEX login_operator ON fanzha.login (operator_id);

CREATE TABLE fanzha.sender (
  source text PRIMARY KEY,
  key_hash bytea NOT NULL UNIQUE,
  streams text[] NOT NULL,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL
);

-- ── warnings ─────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE fanzha.day_count (day date PRIMARY KEY, last integer NOT NULL);

CREATE TABLE fanzha.warning (
  id uuid PRIMARY KEY,
  number text NOT NULL UNIQUE,
  version integer NOT NULL DEFAULT 1,
  state text NOT NULL,
  open boolean NOT NULL,
  grade smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
  urgent smallint GENERATED ALWAYS AS (CASE WHEN grade = 1 THEN 0 ELSE 1 END) STORED,
  score real NOT NULL CHECK (score >= 0 AND score <= 1),
  stage text NOT NULL,
  live boolean NOT NULL,
  scam_type text,
  amount_fen bigint CHECK (amount_fen > 0),
  fact_zh text NOT NULL,
  fact_en text NOT NULL,
  sources text[] NOT NULL,
  reasons jsonb NOT NULL,
  missing text[] NOT NULL DEFAULT '{}',
  basis_zh text NOT NULL,
  basis_en text NOT NULL,
  -- the person: sealed, searchable only by equality through the token, shown by the mask
  person_token bytea NOT NULL,
  episode text NOT NULL,
  sealed bytea NOT NULL,
  name_mask text NOT NULL,
  number_mask text NOT NULL,
  sex text CHECK (sex IN ('f', 'm')),
  birth_year smallint,
  -- the clock that runs
  clock text,
  clock_started_at timestamptz,
  clock_due_at timestamptz,
  escalates_at timestamptz,
  escalated smallint NOT NULL DEFAULT 0,
  -- the desk
  owner_id uuid REFERENCES fanzha.operator,
  owner_display text,
  locked_until timestamptz,
  missed_contacts smallint NOT NULL DEFAULT 0,
  outcome text,
  before jsonb, -- how it stood before its last step, while that can be taken back
  event_at timestamptz NOT NULL,
  issued_at timestamptz NOT NULL,
  pushed_at timestamptz NOT NULL, -- when last put before a unit: the sign clock counts from here
  updated_at timestamptz NOT NULL,
  unit text NOT NULL REFERENCES fanzha.unit,
  province text, city text, branch text, station text, post text,
  UNIQUE (person_token, episode),
  CHECK ((clock IS NULL) = (clock_due_at IS NULL)),
  CHECK (NOT open OR clock IS NOT NULL)
);

-- The queue: most pressing first, one index a level. The archive: newest first.
CREATE INDEX warning_queue_nation ON fanzha.warning (urgent, clock_due_at, id) WHERE open;
CREATE INDEX warning_queue_province ON fanzha.warning (province, urgent, clock_due_at, id) WHERE open;
CREATE INDEX warning_queue_city ON fanzha.warning (city, urgent, clock_due_at, id) WHERE open;
CREATE INDEX warning_queue_branch ON fanzha.warning (branch, urgent, clock_due_at, id) WHERE open;
CREATE INDEX warning_queue_station ON fanzha.warning (station, urgent, clock_due_at, id) WHERE open;
CREATE INDEX warning_queue_post ON fanzha.warning (post, urgent, clock_due_at, id) WHERE open;
CREATE INDEX warning_issued_nation ON fanzha.warning (issued_at DESC, id DESC);
CREATE INDEX warning_issued_province ON fanzha.warning (province, issued_at DESC, id DESC);
CREATE INDEX warning_issued_city ON fanzha.warning (city, issued_at DESC, id DESC);
CREATE INDEX warning_issued_branch ON fanzha.warning (branch, issued_at DESC, id DESC);
CREATE INDEX warning_issued_station ON fanzha.warning (station, issued_at DESC, id DESC);
CREATE INDEX warning_issued_post ON fanzha.warning (post, issued_at DESC, id DESC);
CREATE INDEX warning_owner ON fanzha.warning (owner_id, urgent, clock_due_at, id) WHERE open;
CREATE INDEX warning_due ON fanzha.warning (escalates_at) WHERE open AND escalates_at IS NOT NULL;
CREATE INDEX warning_locked ON fanzha.warning (locked_until) WHERE locked_until IS NOT NULL;
CREATE INDEX warning_person ON fanzha.warning (person_token, issued_at DESC);

-- Nobody sets a state past the table of the lifecycle: a change of state raises the version by one, in one guarded statement (see repository.advance).
CREATE FUNCTION fanzha.guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state IS DISTINCT FROM OLD.state AND NEW.version <> OLD.version + 1 THEN
    RAISE EXCEPTION 'a state changes only by a verb of its lifecycle' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER warning_guard BEFORE UPDATE ON fanzha.warning FOR EACH ROW EXECUTE FUNCTION fanzha.guard_version();

-- What carries a warning: findings, and the rows they rest on (sealed; they stay when raw rows expire).
CREATE TABLE fanzha.finding (
  id text PRIMARY KEY,
  detector text NOT NULL,
  at timestamptz NOT NULL,
  stream text NOT NULL,
  subject_kind text NOT NULL,
  subject_token bytea NOT NULL,
  subject_mask text NOT NULL,
  role text NOT NULL,
  scam_type text,
  stage text NOT NULL,
  score real NOT NULL,
  reasons jsonb NOT NULL,
  event_ids numeric(20)[] NOT NULL,
  source text NOT NULL,
  warning_id uuid REFERENCES fanzha.warning,
  province text, city text, branch text, station text, post text
);
CREATE INDEX finding_warning ON fanzha.finding (warning_id) WHERE warning_id IS NOT NULL;
CREATE INDEX finding_at ON fanzha.finding (at DESC, id);
CREATE INDEX finding_subject ON fanzha.finding (subject_token, at DESC);

CREATE TABLE fanzha.evidence (
  warning_id uuid NOT NULL REFERENCES fanzha.warning,
  ref text NOT NULL,
  lane text NOT NULL CHECK (lane IN ('call', 'network', 'money')),
  at timestamptz NOT NULL,
  until timestamptz,
  live boolean NOT NULL,
  emphasis boolean NOT NULL,
  zh text NOT NULL,
  en text NOT NULL,
  object_kind text,
  object_mask text,
  sealed bytea,
  province text, city text, branch text, station text, post text,
  PRIMARY KEY (warning_id, ref)
);

-- ── messages: the outbox ─────────────────────────────────────────────────────────────────────────

CREATE TABLE fanzha.message (
  id uuid PRIMARY KEY,
  warning_id uuid NOT NULL REFERENCES fanzha.warning,
  channel text NOT NULL CHECK (channel IN ('sms', 'flash')),
  version integer NOT NULL DEFAULT 1,
  state text NOT NULL,
  body text NOT NULL,
  sealed_to bytea NOT NULL,
  carrier_id text,
  tries smallint NOT NULL DEFAULT 0,
  problem text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  province text, city text, branch text, station text, post text
);
CREATE INDEX message_warning ON fanzha.message (warning_id);
CREATE INDEX message_unsent ON fanzha.message (created_at) WHERE state IN ('queued', 'sending', 'uncertain');
CREATE INDEX message_carrier ON fanzha.message (carrier_id) WHERE carrier_id IS NOT NULL;
CREATE TRIGGER message_guard BEFORE UPDATE ON fanzha.message FOR EACH ROW EXECUTE FUNCTION fanzha.guard_version();

-- Free text of the desk: it may name people.
CREATE TABLE fanzha.note (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  warning_id uuid NOT NULL REFERENCES fanzha.warning,
  at timestamptz NOT NULL,
  by text NOT NULL,
  sealed bytea NOT NULL,
  province text, city text, branch text, station text, post text
);
CREATE INDEX note_warning ON fanzha.note (warning_id);

-- What a stop order will be made from: the four fields, recorded in the step that says the money has left.
CREATE TABLE fanzha.stop_request (
  id uuid PRIMARY KEY,
  warning_id uuid NOT NULL REFERENCES fanzha.warning,
  sealed bytea NOT NULL,
  payee_mask text NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen > 0),
  paid_at timestamptz NOT NULL,
  requested_at timestamptz NOT NULL,
  requested_by uuid NOT NULL REFERENCES fanzha.operator,
  province text, city text, branch text, station text, post text
);
CREATE INDEX stop_request_warning ON fanzha.stop_request (warning_id);

-- ── deeds: who did what; one hash chain a jurisdiction ───────────────────────────────────────────

CREATE TABLE fanzha.deed_head (chain text PRIMARY KEY, seq bigint NOT NULL, hash bytea NOT NULL);

CREATE TABLE fanzha.deed (
  chain text NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  body text NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  actor_display text NOT NULL,
  verb text NOT NULL,
  object_kind text NOT NULL,
  object_id text NOT NULL,
  province text, city text, branch text, station text, post text,
  PRIMARY KEY (chain, seq)
);
CREATE INDEX deed_object ON fanzha.deed (object_kind, object_id, at);
CREATE INDEX deed_actor ON fanzha.deed (actor, at DESC);

-- The only way in. body is canonical JSON; hash = sha256(previous hash ‖ body). The application cannot write a link that does not fit.
CREATE FUNCTION fanzha.append_deeds(p_chain text, p_bodies text[], p_places text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = fanzha, pg_temp AS $$
DECLARE
  v_seq bigint; v_hash bytea; b jsonb; pl text[];
BEGIN
  IF fanzha.scope_level() IS NULL THEN
    RAISE EXCEPTION 'no scope' USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO deed_head VALUES (p_chain, 0, '\x') ON CONFLICT DO NOTHING;
  SELECT seq, hash INTO v_seq, v_hash FROM deed_head WHERE chain = p_chain FOR UPDATE;
  FOR i IN 1 .. coalesce(array_length(p_bodies, 1), 0) LOOP
    b := p_bodies[i]::jsonb;
    pl := string_to_array(p_places[i], ',', '');
    v_seq := v_seq + 1;
    v_hash := sha256(v_hash || convert_to(p_bodies[i], 'UTF8'));
    INSERT INTO deed VALUES (
      p_chain, v_seq, v_hash, p_bodies[i], (b->>'at')::timestamptz, b->>'actor', b->>'actor_display', b->>'verb',
      b->>'object_kind', b->>'object_id', pl[1], pl[2], pl[3], pl[4], pl[5]);
  END LOOP;
  UPDATE deed_head SET seq = v_seq, hash = v_hash WHERE chain = p_chain;
  RETURN v_seq;
END $$;

-- ── the log's positions, refused rows ────────────────────────────────────────────────────────────

CREATE TABLE fanzha.position (
  consumer text PRIMARY KEY,
  position bigint NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE fanzha.feed (
  stream text PRIMARY KEY,
  last_at timestamptz NOT NULL,
  arrived_at timestamptz NOT NULL
);

-- Totals that outlive a process: counted in the commit of what they count.
CREATE TABLE fanzha.counter (
  name text NOT NULL,
  label text NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (name, label)
);

CREATE TABLE fanzha.quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream text NOT NULL,
  source text NOT NULL,
  row_number bigint NOT NULL,
  code text NOT NULL,
  field text,
  zh text NOT NULL,
  en text NOT NULL,
  sealed bytea NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resent', 'dropped')),
  batch text,
  at timestamptz NOT NULL,
  UNIQUE (source, stream, batch, row_number)
);
CREATE INDEX quarantine_open ON fanzha.quarantine (id DESC) WHERE state = 'open';

-- ── row-level security ───────────────────────────────────────────────────────────────────────────

DO $$
DECLARE t text;
BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'fanzha' LOOP
    EXECUTE format('ALTER TABLE fanzha.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE fanzha.%I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['warning', 'finding', 'evidence', 'message', 'note', 'stop_request', 'deed'] LOOP
    EXECUTE format('CREATE POLICY place ON fanzha.%I USING (fanzha.covers(province, city, branch, station, post))', t);
  END LOOP;
  -- Kept for the whole centre: seen by whoever has any place in it, never without a scope.
  FOREACH t IN ARRAY ARRAY['unit', 'feed', 'counter'] LOOP
    EXECUTE format('CREATE POLICY anyone_inside ON fanzha.%I FOR SELECT USING (fanzha.scope_level() IS NOT NULL)', t);
    EXECUTE format('CREATE POLICY centre_writes ON fanzha.%I USING (fanzha.scope_level() = ''nation'')', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['position', 'quarantine', 'day_count', 'deed_head'] LOOP
    EXECUTE format('CREATE POLICY centre ON fanzha.%I USING (fanzha.scope_level() = ''nation'')', t);
  END LOOP;
  -- The door: sign-in and key checks happen before a scope is known and see these three tables only.
  FOREACH t IN ARRAY ARRAY['login', 'sender'] LOOP
    EXECUTE format('CREATE POLICY door ON fanzha.%I USING (fanzha.scope_level() IN (''door'', ''nation''))', t);
  END LOOP;
END $$;
CREATE POLICY door ON fanzha.operator USING (fanzha.scope_level() = 'door');
CREATE POLICY place ON fanzha.operator USING (fanzha.covers(province, city, branch, station, post));
-- The function's owner is no superuser: FORCE applies to it too, so the chain needs its own way past the net.
CREATE POLICY chain_owner ON fanzha.deed TO fanzha_owner USING (true);
CREATE POLICY chain_owner ON fanzha.deed_head TO fanzha_owner USING (true);

-- ── grants: the application reads and writes rows, and owns nothing ──────────────────────────────

GRANT USAGE ON SCHEMA fanzha TO fanzha_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA fanzha TO fanzha_app;
REVOKE INSERT, UPDATE ON fanzha.deed, fanzha.deed_head FROM fanzha_app;
GRANT DELETE ON fanzha.login TO fanzha_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA fanzha TO fanzha_app;
REVOKE EXECUTE ON FUNCTION fanzha.append_deeds FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fanzha.append_deeds TO fanzha_app;
