-- Conversations, what was said in them, and who the customers are.

-- `version` is the fence: whoever decided on another version loses. No index on what changes per message, so that updates stay HOT.
CREATE TABLE conversations (
  tenant_id   int NOT NULL,
  conv        uuid NOT NULL,
  origin_id   int NOT NULL,
  -- The customer's id on the platform; null for the origin's own lane (operators, tickets, codes).
  identity    text,
  version     bigint NOT NULL DEFAULT 0,
  -- Counts the changes of owner (bot or human); a bot reply decided under an older epoch is not sent.
  owner_epoch int NOT NULL DEFAULT 0,
  -- Events applied so far: what the ledger holds against the journal.
  applied     bigint NOT NULL DEFAULT 0,
  state       jsonb,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, conv)
) WITH (fillfactor = 70);
SELECT isolate('conversations');

-- The earliest instant at which a deadline of the conversation's state may be due: a lower bound, not a promise.
CREATE TABLE timers (
  tenant_id int NOT NULL,
  conv      uuid NOT NULL,
  due_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, conv)
) WITH (fillfactor = 70);
CREATE INDEX timers_by_due ON timers (due_at);
SELECT isolate('timers');

-- A stretch of activity; `owner` is a person's or the bot's, one at a time.
CREATE TABLE sessions (
  tenant_id   int NOT NULL,
  conv        uuid NOT NULL,
  number      int NOT NULL,
  owner       text NOT NULL CHECK (owner IN ('bot', 'human')),
  owner_epoch int NOT NULL,
  started_at  timestamptz NOT NULL,
  ended_at    timestamptz,
  PRIMARY KEY (tenant_id, conv, number)
) WITH (fillfactor = 80);
SELECT isolate('sessions');

-- Insert only; the order of a conversation is the order of (version, ord). seq = version * 1000 + ord.
CREATE TABLE messages (
  tenant_id  int NOT NULL,
  conv       uuid NOT NULL,
  seq        bigint NOT NULL,
  origin_id  int NOT NULL,
  event_id   bigint,
  session    int,
  author     text NOT NULL CHECK (author IN ('client', 'bot', 'operator', 'platform')),
  kind       text NOT NULL CHECK (kind IN ('message', 'note', 'system', 'gap')),
  visibility text NOT NULL DEFAULT 'visible' CHECK (visibility IN ('visible', 'hidden', 'shadowed', 'deleted')),
  message_id text,
  text       text NOT NULL,
  attachments jsonb,
  location   text,
  at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, conv, seq)
);
SELECT isolate('messages');

CREATE TABLE message_logs (
  tenant_id           int NOT NULL,
  conv                uuid NOT NULL,
  seq                 bigint NOT NULL,
  origin_id           int NOT NULL,
  event_id            bigint NOT NULL,
  client_id           text NOT NULL,
  message_id          text NOT NULL,
  text                text NOT NULL,
  dialog_state_before text NOT NULL,
  dialog_state        text NOT NULL,
  success             boolean NOT NULL,
  error_reason        text,
  "timestamp"         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, conv, seq)
);
SELECT isolate('message_logs');

CREATE TABLE contact_identities (
  tenant_id     int NOT NULL,
  origin_id     int NOT NULL,
  identity      text NOT NULL,
  conv          uuid NOT NULL,
  name          text,
  assigned_name text,
  phone         text,
  external_id   text,
  blacklisted   boolean NOT NULL DEFAULT false,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, origin_id, identity)
);
SELECT isolate('contact_identities');

CREATE TABLE contact_tags (
  tenant_id int NOT NULL,
  origin_id int NOT NULL,
  identity  text NOT NULL,
  tag_id    text NOT NULL,
  PRIMARY KEY (tenant_id, origin_id, identity, tag_id)
);
SELECT isolate('contact_tags');

-- A platform's own case of a customer (Chat2Desk: request).
CREATE TABLE requests (
  tenant_id  int NOT NULL,
  origin_id  int NOT NULL,
  request_id text NOT NULL,
  conv       uuid NOT NULL,
  kind       text,
  opened_at  timestamptz,
  closed_at  timestamptz,
  PRIMARY KEY (tenant_id, origin_id, request_id)
);
SELECT isolate('requests');

CREATE TABLE request_tags (
  tenant_id  int NOT NULL,
  origin_id  int NOT NULL,
  request_id text NOT NULL,
  tag_id     text NOT NULL,
  PRIMARY KEY (tenant_id, origin_id, request_id, tag_id)
);
SELECT isolate('request_tags');

-- People who answer inside the platform, as its events name them.
CREATE TABLE platform_operators (
  tenant_id   int NOT NULL,
  origin_id   int NOT NULL,
  operator_id text NOT NULL,
  email       text,
  online      boolean NOT NULL,
  status      text,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, origin_id, operator_id)
);
SELECT isolate('platform_operators');

-- What a platform later said about a message that went out.
CREATE TABLE receipts (
  tenant_id  int NOT NULL,
  origin_id  int NOT NULL,
  message_id text NOT NULL,
  status     text NOT NULL CHECK (status IN ('failed')),
  at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, origin_id, message_id, status)
);
SELECT isolate('receipts');
