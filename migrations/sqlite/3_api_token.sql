-- API tokens, for SQLite. Its sibling is migrations/postgres/3_api_token.sql.

-- Tokens that `freehold token` made. The token itself stands nowhere: only what it hashes to.
create table api_token (
  id text primary key not null,          -- the part of the token that names it
  hash text not null,                    -- the SHA-256 of the whole token, in hexadecimal
  name text not null,                    -- who has it, as whoever made it says
  audience text not null,
  accounts text not null,                -- JSON: a list of account numbers, or "*" for every account
  permissions text not null,             -- JSON: a list of permissions, or "*" for everything
  created_at_ms bigint not null,
  expires_at_ms bigint not null,
  revoked_at_ms bigint,
  last_used_ms bigint                    -- within a minute
);
