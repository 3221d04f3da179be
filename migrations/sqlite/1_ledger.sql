-- The ledger, for SQLite. Times are milliseconds since 1970-01-01T00:00:00Z. Its sibling is migrations/postgres/1_ledger.sql.

-- Exceptions: what is wrong in the data or blocks somebody, once each.
create table exception (
  id text primary key not null,          -- a digest of code, entity, account, system and line
  subject text not null,                 -- a digest of the subject that saw it last, which alone resolves it
  rule text not null,                    -- the rule that judged the subject
  code text not null,
  severity text not null check (severity in ('BLOCKING', 'WARNING', 'INFO')),
  domain text,
  entity_type text not null,
  entity_key text not null,
  account text,
  system text,
  line text,
  message text not null,
  evidence text,                         -- JSON
  first_seen_ms bigint not null,
  last_seen_ms bigint not null,
  n_seen bigint not null,
  n_reopened bigint not null,
  resolved_at_ms bigint                  -- null while it holds, as far as is known
);
create index exception_open_of_subject on exception (subject) where resolved_at_ms is null;
create index exception_seen on exception (last_seen_ms, id);
create index exception_of_account on exception (account, last_seen_ms);
create index exception_of_entity on exception (entity_type, entity_key);
create index exception_resolved on exception (resolved_at_ms) where resolved_at_ms is not null;

-- What became of exceptions, in order: what the webhook still has to tell.
create table exception_change (
  id integer primary key autoincrement,
  at_ms bigint not null,
  change text not null check (change in ('NEW', 'REOPENED', 'RESOLVED')),
  exception text not null,
  body text not null                     -- the exception as JSON, without its evidence
);
create index exception_change_at on exception_change (at_ms);

-- How far the webhook has come, and which process tells it.
create table webhook (
  name text primary key not null,
  position bigint not null,
  held_by text,
  held_until_ms bigint not null
);

-- Runs of reconciliation.
create table reconciliation_run (
  id integer primary key autoincrement,
  options text not null,                 -- JSON: what was to be compared
  position text,                         -- where it goes on; as the job writes it
  totals text,                           -- JSON: as the job writes it
  started_at_ms bigint not null,
  finished_at_ms bigint
);

-- How many values of a field a run has compared with a copy, and how many differed.
create table reconciliation_field (
  run bigint not null,
  entity_type text not null,
  field text not null,
  owner_system text not null,
  copy_system text not null,
  n_checked bigint not null,
  n_drifted bigint not null,
  primary key (run, entity_type, field, copy_system)
);

-- Findings: where a copy and its owner disagree, once each.
create table finding (
  id text primary key not null,          -- a digest of kind, entity, field and both systems
  run bigint not null,                   -- the run that saw it last
  kind text not null check (kind in ('DRIFT', 'MISSING_IN_COPY', 'MISSING_IN_OWNER', 'UNREADABLE')),
  entity_type text not null,
  entity_key text not null,
  field text,
  owner_system text not null,
  owner_value text,
  copy_system text not null,
  copy_value text,
  first_seen_ms bigint not null,
  last_seen_ms bigint not null,
  n_seen bigint not null,
  n_reopened bigint not null,
  resolved_at_ms bigint
);
create index finding_seen on finding (last_seen_ms, id);
create index finding_open_of_entity on finding (entity_type, entity_key, copy_system) where resolved_at_ms is null;
create index finding_resolved on finding (resolved_at_ms) where resolved_at_ms is not null;

-- The contracts that were served from.
create table contract_version (
  version text primary key not null,
  first_seen_ms bigint not null,
  last_seen_ms bigint not null
);
