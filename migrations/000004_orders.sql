-- What the order dialog leaves behind.

CREATE TABLE orders (
  tenant_id           int NOT NULL,
  id                  bigint GENERATED ALWAYS AS IDENTITY,
  conv                uuid NOT NULL,
  -- The dialog run that placed it: one order per run, whatever is redelivered or crashes.
  run                 int NOT NULL,
  client_phone        text NOT NULL,
  delivery_address    text NOT NULL,
  quantity            int NOT NULL CHECK (quantity BETWEEN 1 AND 50),
  source              text NOT NULL,
  chat2desk_client_id text,
  status              text NOT NULL DEFAULT 'new',
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, conv, run)
);
CREATE INDEX idx_orders_created_at ON orders (tenant_id, created_at);
CREATE INDEX idx_orders_status ON orders (tenant_id, status);
CREATE INDEX idx_orders_chat2desk_client_id ON orders (tenant_id, chat2desk_client_id);
SELECT isolate('orders');

CREATE TABLE dialog_outcomes (
  tenant_id        int NOT NULL,
  conv             uuid NOT NULL,
  run              int NOT NULL,
  dialog           text NOT NULL,
  completed        boolean NOT NULL,
  -- The state in which the customer was lost; null when completed.
  dropoff_state    text,
  reason           text NOT NULL CHECK (reason IN ('completed', 'cancelled', 'restarted', 'expired')),
  total_messages   int NOT NULL,
  duration_seconds int NOT NULL,
  started_at       timestamptz NOT NULL,
  ended_at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, conv, run)
);
CREATE INDEX dialog_outcomes_by_end ON dialog_outcomes (tenant_id, ended_at);
SELECT isolate('dialog_outcomes');
