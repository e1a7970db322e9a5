import type { Message } from "@grammyjs/types";
import { fullName } from "./content.ts";
import { fieldsOf, type Json, listOf, words } from "./json.ts";

/** Lines that Telegram writes into a chat about what happened there; nobody said them. */
const serviceFields = [
  "new_chat_members",
  "left_chat_member",
  "new_chat_title",
  "new_chat_photo",
  "delete_chat_photo",
  "group_chat_created",
  "supergroup_chat_created",
  "channel_chat_created",
  "migrate_to_chat_id",
  "migrate_from_chat_id",
  "message_auto_delete_timer_changed",
  "pinned_message",
  "successful_payment",
  "refunded_payment",
  "connected_website",
  "write_access_allowed",
  "proximity_alert_triggered",
  "boost_added",
  "chat_background_set",
  "forum_topic_created",
  "forum_topic_edited",
  "forum_topic_closed",
  "forum_topic_reopened",
  "general_forum_topic_hidden",
  "general_forum_topic_unhidden",
  "giveaway_created",
  "giveaway_completed",
  "gift_upgrade_sent",
  "paid_message_price_changed",
  "direct_message_price_changed",
  "video_chat_scheduled",
  "video_chat_started",
  "video_chat_ended",
  "video_chat_participants_invited",
  "checklist_tasks_done",
  "checklist_tasks_added",
  "suggested_post_approved",
  "suggested_post_approval_failed",
  "suggested_post_declined",
  "suggested_post_paid",
  "suggested_post_refunded",
  "chat_owner_left",
  "chat_owner_changed",
  "managed_bot_created",
  "poll_option_added",
  "poll_option_deleted",
  "community_chat_added",
  "community_chat_removed",
  "community_chat_joined",
] as const satisfies readonly (keyof Message)[];

/** What a service line is about, and its words as far as it has any; null for a message that somebody wrote. */
export function serviceOf(message: Json): { readonly what: string; readonly text: string } | null {
  const what = serviceFields.find((field) => (message[field] ?? null) !== null);
  return what === undefined ? null : { what, text: wordsOfService(message) };
}

function wordsOfService(message: Json): string {
  const people = [...listOf(message["new_chat_members"]), fieldsOf(message["left_chat_member"])];
  const names = people.flatMap((person) => (person === null ? [] : (fullName(person) ?? [])));
  return names.join(", ") || words(message["new_chat_title"]);
}
