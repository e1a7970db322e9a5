import type { Account } from "../account.ts";
import type { MediaLocation, MediaSource } from "../channel.ts";
import { type Api, type ApiAnswer, fileUrl } from "./api.ts";
import { fieldsOf, words } from "./json.ts";

/** Files have ids; where one lies is asked for each time, and the answer, in which our token stands, is kept nowhere. */
export function createMedia(api: Api): MediaSource {
  return {
    locate: async (file, account) =>
      locationOf(await api.call(account, "getFile", { file_id: file }), account),
  };
}

function locationOf(answer: ApiAnswer, account: Account): MediaLocation {
  switch (answer.type) {
    case "ok": {
      const url = fileUrl(account, words(fieldsOf(answer.result)?.["file_path"]));
      if (url === null) return { type: "gone", detail: "no_file_path" };
      return { type: "found", url, headers: {}, trusted: true };
    }
    case "refused": {
      const { status, retryAfterS } = answer;
      if (status === 400) return { type: "gone", detail: goneDetail(answer.description) };
      const retryAfterMs = retryAfterS === null ? null : retryAfterS * 1_000;
      return { type: "failed", detail: `http_${status}`, retryAfterMs };
    }
    case "failure":
      return { type: "failed", detail: answer.detail, retryAfterMs: null };
    default:
      return { type: "failed", detail: `http_${answer.status}`, retryAfterMs: null };
  }
}

/** Telegram hands out files of 20 MB at most. */
function goneDetail(description: string): string {
  return description.includes("too big") ? "file_too_big" : "file_unknown";
}
