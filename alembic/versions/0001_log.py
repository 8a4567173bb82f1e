"""The log: clocks, events, kept outcomes."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE scopes (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    workspace_id UUID,
    seq BIGINT NOT NULL,
    head_event_id UUID,
    last_xid BIGINT,
    recorded_at TIMESTAMP WITH TIME ZONE,
    access_stamp BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE events (
    scope_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    payload_version SMALLINT NOT NULL,
    object_type TEXT NOT NULL,
    object_id UUID NOT NULL,
    object_version INTEGER,
    actor_id UUID,
    actor_kind TEXT NOT NULL,
    batch_id UUID,
    caused_by UUID,
    client_mutation_id UUID,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payload JSONB NOT NULL,
    PRIMARY KEY (scope_id, seq)
)
 PARTITION BY HASH (scope_id);
CREATE INDEX events_object ON events (scope_id, object_id, seq);

CREATE TABLE mutation_outcomes (
    viewer_id UUID NOT NULL,
    key UUID NOT NULL,
    request_hash BYTEA NOT NULL,
    outcome JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (viewer_id, key)
)
 PARTITION BY HASH (viewer_id);
CREATE INDEX mutation_outcomes_age ON mutation_outcomes (created_at);
"""

# What later migrations call: hash partitions, and the proof at COMMIT that a change has its event.
TOOLS = """
CREATE FUNCTION make_partitions(parent text, count int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0 .. count - 1 LOOP
        EXECUTE format('CREATE TABLE %1$I PARTITION OF %2$I FOR VALUES WITH (MODULUS %3$s, REMAINDER %4$s)',
                       parent || '_part_' || lpad(i::text, 2, '0'), parent, count, i);
    END LOOP;
END $$;

CREATE FUNCTION assert_event(scope uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM scopes WHERE id = scope AND last_xid = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'a row of scope % was changed without an event of that scope in the same transaction', scope
            USING ERRCODE = 'LS001';
    END IF;
END $$;

-- Every change of a row of `target` must have an event of the scope that `scope_column` names, at COMMIT.
CREATE FUNCTION guard_scope(target regclass, scope_column text) RETURNS void
LANGUAGE plpgsql AS $guard$
BEGIN
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION require_event_of_%1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            IF TG_OP <> 'DELETE' THEN
                PERFORM assert_event(NEW.%1$I);
            END IF;
            IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.%1$I <> NEW.%1$I) THEN
                PERFORM assert_event(OLD.%1$I);
            END IF;
            RETURN NULL;
        END $body$
    $make$, scope_column);
    EXECUTE format(
        'CREATE CONSTRAINT TRIGGER require_event_of_%1$s AFTER INSERT OR UPDATE OR DELETE ON %2$s
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_event_of_%1$s()', scope_column, target);
END $guard$;

-- A clock moves forward only, by as many events as were appended to it.
CREATE FUNCTION check_clock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF NEW.seq < OLD.seq OR (NEW.last_xid IS DISTINCT FROM OLD.last_xid AND NEW.seq = OLD.seq) THEN
        RAISE EXCEPTION 'the clock of scope % may only move forward', NEW.id USING ERRCODE = 'LS002';
    END IF;
    IF NEW.seq > OLD.seq AND (
        SELECT count(*) FROM events WHERE scope_id = NEW.id AND seq > OLD.seq AND seq <= NEW.seq
    ) <> NEW.seq - OLD.seq THEN
        RAISE EXCEPTION 'the clock of scope % moved without its events', NEW.id USING ERRCODE = 'LS002';
    END IF;
    RETURN NULL;
END $$;

-- An event stands at or below its scope's clock, which this transaction moved.
CREATE FUNCTION check_events() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added LEFT JOIN scopes ON scopes.id = added.scope_id
        WHERE scopes.id IS NULL OR added.seq > scopes.seq
           OR scopes.last_xid IS DISTINCT FROM pg_current_xact_id()::text::bigint
    ) THEN
        RAISE EXCEPTION 'an event was inserted without moving its clock' USING ERRCODE = 'LS002';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER check_clock AFTER UPDATE ON scopes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_clock();
CREATE TRIGGER check_events AFTER INSERT ON events
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_events();

REVOKE ALL ON FUNCTION make_partitions(text, int), guard_scope(regclass, text) FROM PUBLIC;
"""

GRANTS = """
GRANT USAGE ON SCHEMA public TO lockstep_service;
GRANT SELECT, INSERT, UPDATE ON scopes TO lockstep_service;
GRANT SELECT, INSERT ON events TO lockstep_service;
GRANT SELECT, INSERT, DELETE ON mutation_outcomes TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(TOOLS)
    op.execute("SELECT make_partitions('events', 16), make_partitions('mutation_outcomes', 8)")
    op.execute(GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
