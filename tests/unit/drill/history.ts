import type {
  AccountTerms,
  Call,
  Disturbance,
  Histories,
  Invocation,
  LineKind,
  Logged,
  Post,
  Reply,
} from "../../../scripts/drill/histories.ts";

const roomy: AccountTerms = {
  name: "a",
  policy: "resend",
  limit: { count: 1_000, windowMs: 60_000 },
};

/** A flawless history of one client who orders; what a test is about is replaced in it. */
export function flawless(change: Partial<Histories> = {}): Histories {
  const lines = [
    ["hello", "Hi", "INITIAL", "WAITING_ADDRESS", "What is the address?"],
    ["address", "1 Drill Street", "WAITING_ADDRESS", "WAITING_PHONE", "What is the phone number?"],
    ["phone", "+34600123456", "WAITING_PHONE", "WAITING_QUANTITY", "What quantity?"],
    [
      "quantity",
      "7",
      "WAITING_QUANTITY",
      "WAITING_CONFIRMATION",
      "1 Drill Street, +34600123456, Quantity: 7. Reply yes or no.",
    ],
    ["yes", "yes", "WAITING_CONFIRMATION", "COMPLETED", "Thank you!"],
  ] as const;
  return {
    accounts: [roomy],
    invocations: lines.map(([kind, text], index) => written(index + 1, kind, text)),
    posts: lines.map((_line, index) => posted(index + 1)),
    calls: lines.map(([, , , , reply], index) => called(index + 1, reply)),
    disturbances: [],
    holds: [],
    lags: [],
    output: {
      logs: lines.map(([, , before, after], index) => logged(index + 1, before, after)),
      replies: lines.map((_line, index) => replied(index + 1)),
      orders: [
        {
          account: "a",
          client: "c",
          address: "1 Drill Street",
          phone: "+34600123456",
          quantity: 7,
        },
      ],
      parked: [],
      open: { pending: 0, outbox: 0 },
      ledger: [
        {
          account: "a",
          received: 5,
          applied: 5,
          duplicate: 0,
          ignored: 0,
          parked: 0,
          discarded: 0,
          pending: 0,
        },
      ],
    },
    calmUntilMs: 0,
    healedMs: 100_000,
    sendTimeoutMs: 10_000,
    ...change,
  };
}

/** Message `n` is written at n seconds, acknowledged 10 ms and answered 100 ms later. */
function written(n: number, kind: LineKind, text: string): Invocation {
  const message = String(n);
  return { account: "a", client: "c", message, kind, text, poison: false, atMs: n * 1_000 };
}

/** A post of message `n`. */
export function posted(n: number, change: Partial<Post> = {}): Post {
  return {
    account: "a",
    message: String(n),
    hookType: "inbox",
    status: 200,
    startedMs: n * 1_000,
    atMs: n * 1_000 + 10,
    ...change,
  };
}

/** The call that brings the reply to message `n`. */
export function called(n: number, text: string, change: Partial<Call> = {}): Call {
  const arrivedMs = n * 1_000 + 100;
  return {
    account: "a",
    call: n,
    arrivedMs,
    unread: false,
    delivery: `d${n}`,
    client: "c",
    text,
    acceptedMs: arrivedMs,
    end: { ending: "answered", status: 200, atMs: arrivedMs + 5 },
    ...change,
  };
}

function logged(n: number, before: string, after: string): Logged {
  return {
    account: "a",
    client: "c",
    message: String(n),
    event: `e${n}`,
    seq: n * 1_000,
    before,
    after,
  };
}

function replied(n: number): Reply {
  return {
    delivery: `d${n}`,
    account: "a",
    client: "c",
    event: `e${n}`,
    seq: n * 1_000 + 1,
    status: "sent",
  };
}

/** Something the nemesis did, at once or for a while. */
export function disturbed(change: Partial<Disturbance>): Disturbance {
  return {
    fault: "test",
    target: "outbox",
    kind: "killed",
    fromMs: 0,
    untilMs: 0,
    note: "",
    ...change,
  };
}
