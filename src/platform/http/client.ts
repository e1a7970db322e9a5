import { Axios } from "axios";
import { answerTooLarge, createFetchAdapter, timedOut } from "./fetch-adapter.ts";

/**
 * Calls to other people's servers. A call ends with the server's complete answer or with a failure, never with an exception;
 * it is made once: no retries, no redirects. Connections are kept alive.
 */
export type HttpClient = {
  readonly post: (request: HttpPost) => Promise<HttpResult>;
  /** For questions that change nothing. */
  readonly get: (request: HttpGet) => Promise<HttpResult>;
};

export type HttpGet = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bounds everything: name look-up, connecting, the answer's head and its body. */
  readonly timeoutMs: number;
};

export type HttpPost = HttpGet & { readonly body: string };

export type HttpResult = HttpAnswer | HttpFailure;

export type HttpAnswer = {
  readonly type: "answer";
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** False when the server announced no length: a body that was cut then looks like one that ended. */
  readonly endProven: boolean;
};

/**
 * `refused` and `dns` mean that no byte was sent; after `no_answer` nobody knows whether the request was read.
 * `detail` is a short code.
 */
export type HttpFailure = {
  readonly type: "failure";
  readonly kind: "refused" | "dns" | "no_answer";
  readonly detail: string;
};

export type HttpClientOptions = {
  /** Largest answer that is read, bytes after decompression. */
  readonly answerBytesMax?: number;
};

const answerBytesMaxDefault = 1_048_576;

/** Makes a client: a bare Axios, without the defaults that would parse texts and round the ids in them. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const client = new Axios({
    adapter: createFetchAdapter(options.answerBytesMax ?? answerBytesMaxDefault),
  });

  const call = async (method: "GET" | "POST", request: HttpGet, data?: string) => {
    if (!isWebAddress(request.url)) return badAddress;
    try {
      const {
        status,
        headers,
        data: said,
      } = await client.request<unknown>({
        method,
        url: request.url,
        headers: { ...request.headers },
        ...(data === undefined ? {} : { data }),
        timeout: request.timeoutMs,
      });
      return answer(status, Object.entries(headers), said);
    } catch (error) {
      return failure(error);
    }
  };

  return {
    post: (request) => call("POST", request, request.body),
    get: (request) => call("GET", request),
  };
}

const badAddress: HttpFailure = { type: "failure", kind: "refused", detail: "bad_address" };

/** Bun's fetch would also read files and `data:` addresses of this machine. */
function isWebAddress(url: string): boolean {
  const protocol = URL.parse(url)?.protocol;
  return protocol === "http:" || protocol === "https:";
}

/** The statuses that HTTP knows of; what says another one does not speak HTTP. */
const statusMin = 200;
const statusMax = 599;

function answer(
  status: number,
  entries: readonly (readonly [string, unknown])[],
  data: unknown,
): HttpResult {
  if (status < statusMin || status > statusMax) return noAnswer("no_answer");
  const headers = Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
  const endProven = status === 204 || "content-length" in headers || "transfer-encoding" in headers;
  return { type: "answer", status, headers, body: typeof data === "string" ? data : "", endProven };
}

/**
 * What `fetch` threw on Bun 1.4.5 in each case. A reset, an early end and a cut body are all ECONNRESET, so nothing
 * can be told apart after the connection stood. A failed name look-up has many codes and one `syscall`.
 */
const kinds: ReadonlyMap<string, HttpFailure> = new Map([
  ["ECONNREFUSED", { type: "failure", kind: "refused", detail: "connection_refused" }],
  [timedOut, noAnswer("timeout")],
  ["ECONNRESET", noAnswer("connection_lost")],
  ["ZlibError", noAnswer("answer_unreadable")],
  [answerTooLarge, noAnswer("answer_too_large")],
]);

function noAnswer(detail: string): HttpFailure {
  return { type: "failure", kind: "no_answer", detail };
}

function failure(error: unknown): HttpFailure {
  if (isLookUp(error)) return { type: "failure", kind: "dns", detail: "name_not_found" };
  const code = codeOf(error);
  if (code === null) return noAnswer("no_answer");
  return kinds.get(code) ?? noAnswer(/^\w{1,40}$/.test(code) ? code.toLowerCase() : "no_answer");
}

function isLookUp(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && error.syscall === "getaddrinfo";
}

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
