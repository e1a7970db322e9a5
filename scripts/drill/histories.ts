/**
 * What a drill remembers: append-only histories of those who are never killed (the sender, the fake platform, the nemesis), and
 * what came out of the system at the end. All times are ms of the drill's one monotonic clock. The checker sees nothing else.
 */

/** What a client may write; the order dialog treats each kind the same way in each of its states. */
export type LineKind = "hello" | "address" | "phone" | "quantity" | "yes";

/** A client wrote something; it is posted until somebody says 2xx. */
export type Invocation = {
  readonly account: string;
  readonly client: string;
  readonly message: string;
  readonly kind: LineKind;
  readonly text: string;
  /** Its handling crashes: it must be parked, and nobody else. */
  readonly poison: boolean;
  readonly atMs: number;
};

/** One POST of a webhook; `status` is null when no answer came. Hooks that are not a client's message have another type. */
export type Post = {
  readonly account: string;
  readonly message: string | null;
  readonly hookType: string;
  readonly status: number | null;
  readonly startedMs: number;
  readonly atMs: number;
};

/** One call of the platform's API. `delivery` and `acceptedMs` are null when the platform took no message. */
export type Call = {
  readonly account: string;
  readonly call: number;
  readonly arrivedMs: number;
  /** Cut before it was read: it takes no place in the window. */
  readonly unread: boolean;
  readonly delivery: string | null;
  readonly client: string | null;
  readonly text: string;
  readonly acceptedMs: number | null;
  readonly end: {
    readonly ending: "answered" | "cut" | "hung";
    readonly status: number | null;
    readonly atMs: number;
  } | null;
};

/** Who was disturbed: a role, a store, the platform, or the connections between two of them. */
export type Target =
  | "web"
  | "worker"
  | "outbox"
  | "cron"
  | "redis"
  | "postgres"
  | "platform"
  | `${"web" | "worker" | "outbox" | "cron"}-${"postgres" | "redis"}`
  | "outbox-platform"
  | "platform-web";

/** What the nemesis did. `untilMs` equals `fromMs` for a blow, and is the time of healing for a state. */
export type Disturbance = {
  readonly fault: string;
  readonly target: Target;
  readonly kind:
    | "killed"
    | "stopped"
    | "cut"
    | "slow"
    | "emptied"
    | "misbehaving"
    | "clock"
    | "restarted";
  readonly fromMs: number;
  readonly untilMs: number;
  readonly note: string;
};

/** A 429 of the platform that named its wait. */
export type Hold = {
  readonly account: string;
  readonly fromMs: number;
  readonly retryAfterMs: number;
};

export type AccountTerms = {
  readonly name: string;
  readonly policy: "resend" | "hold";
  readonly limit: { readonly count: number; readonly windowMs: number };
};

/** What came out: the rows people read. `event` links a log to its reply. */
export type Output = {
  readonly logs: readonly Logged[];
  readonly replies: readonly Reply[];
  readonly orders: readonly Order[];
  readonly parked: readonly { readonly account: string; readonly message: string }[];
  readonly open: { readonly pending: number; readonly outbox: number };
  readonly ledger: readonly LedgerLine[];
};

/** What an origin's ledger says became of its events. */
export type LedgerLine = {
  readonly account: string;
  readonly received: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly parked: number;
  readonly discarded: number;
  readonly pending: number;
};

export type Logged = {
  readonly account: string;
  readonly client: string;
  readonly message: string;
  readonly event: string;
  readonly seq: number;
  readonly before: string;
  readonly after: string;
};

export type Reply = {
  /** As the platform knows it. */
  readonly delivery: string;
  readonly account: string;
  readonly client: string;
  readonly event: string;
  readonly seq: number;
  readonly status: string;
};

export type Order = {
  readonly account: string;
  readonly client: string;
  readonly address: string;
  readonly phone: string;
  readonly quantity: number;
};

export type Histories = {
  readonly accounts: readonly AccountTerms[];
  readonly invocations: readonly Invocation[];
  readonly posts: readonly Post[];
  readonly calls: readonly Call[];
  readonly disturbances: readonly Disturbance[];
  readonly holds: readonly Hold[];
  /** How late the drill's own clock could be at a time: the machine was busy. Only lags that matter. */
  readonly lags: readonly { readonly atMs: number; readonly lagMs: number }[];
  readonly output: Output;
  /** Before this nothing was disturbed, so it shows what the machine can do. */
  readonly calmUntilMs: number;
  readonly healedMs: number;
  readonly sendTimeoutMs: number;
};
