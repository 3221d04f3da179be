-- The graph pages exceptions and findings by when they were first seen, which does not change. Its sibling is
-- migrations/postgres/2_first_seen.sql.
create index exception_first_seen on exception (first_seen_ms, id);
create index finding_first_seen on finding (first_seen_ms, id);
