-- Several scorers of one log: who lives, and the make-up in force. No matter of a person stands here.

CREATE TABLE fanzha.scorer_member (
  name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
  seen_at timestamptz NOT NULL
);

CREATE TABLE fanzha.scorer_group (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch bigint NOT NULL CHECK (epoch >= 0),
  members text[] NOT NULL
);
INSERT INTO fanzha.scorer_group (epoch, members) VALUES (0, '{}');

GRANT SELECT, INSERT, UPDATE, DELETE ON fanzha.scorer_member TO fanzha_app;
GRANT SELECT, UPDATE ON fanzha.scorer_group TO fanzha_app;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['scorer_member', 'scorer_group'] LOOP
    EXECUTE format('ALTER TABLE fanzha.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE fanzha.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY centre ON fanzha.%I USING (fanzha.scope_level() = ''nation'')', t);
  END LOOP;
END $$;
