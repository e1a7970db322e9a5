import { abortedAfter } from "../../core/deadline.ts";
import type { AxiosAdapter, AxiosPromise, InternalAxiosRequestConfig } from "axios";

/** Codes of the two errors that are ours; all others are those of Bun's fetch. */
export const answerTooLarge = "ANSWER_TOO_LARGE";
export const timedOut = "ETIMEDOUT";

class CallError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/**
 * Axios' way to the network: one call of `fetch`, nothing else. The adapter that comes with axios composes streams, signals and
 * progress for every call, which costs four times as much CPU as the call itself.
 * `config.timeout` (ms) bounds everything up to the last byte of the body; no redirect is followed.
 */
export function createFetchAdapter(answerBytesMax: number): AxiosAdapter {
  return (config) =>
    abortedAfter(
      config.timeout ?? 0,
      () => new CallError(timedOut),
      (signal) => call(config, answerBytesMax, signal),
    );
}

async function call(
  config: InternalAxiosRequestConfig,
  answerBytesMax: number,
  signal: AbortSignal,
): AxiosPromise<string> {
  const { url = "", method = "GET" } = config;
  const body: string | undefined = config.data;
  const headers = config.headers.toJSON() as Record<string, string>;
  const response = await fetch(url, { method, headers, body, signal, redirect: "manual" });
  return {
    data: await readText(response, answerBytesMax),
    status: response.status,
    statusText: "",
    headers: Object.fromEntries(response.headers),
    config,
  };
}

/** Reads the body; a length that is announced and not compressed needs no counting. Rejects beyond the limit. */
async function readText(response: Response, bytesMax: number): Promise<string> {
  const length = response.headers.get("content-length");
  const plain = length !== null && !response.headers.has("content-encoding");
  if (plain && Number(length) <= bytesMax) return response.text();
  if (plain) {
    await response.body?.cancel();
    throw new CallError(answerTooLarge);
  }
  return readCounted(response, bytesMax);
}

async function readCounted(response: Response, bytesMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new CallError(answerTooLarge);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
