import { type Codes, codesOf } from "../codes.ts";

/** The error codes of the WhatsApp Cloud API, in answers to sends and in `failed` statuses. */
export const whatsAppCodes: Codes = codesOf([
  // Throughput of the number, of the business account, its quality, its registrations.
  ["130429", "throttled"],
  ["80007", "throttled"],
  ["131048", "throttled"],
  ["131064", "throttled"],
  ["133016", "throttled"],
  // Too many messages to this one customer.
  ["131056", "pair"],
  ["131000", "failed"],
  ["131016", "failed"],
  // The file could not be fetched from its address just now.
  ["131053", "failed"],
  ["131057", "failed"],
  ["131005", "unauthorized"],
  ["131031", "unauthorized"],
  // The number's certificate, or its registration, is not in order.
  ["131045", "unauthorized"],
  ["133010", "unauthorized"],
  ["131042", "quota"],
  // More than 24 hours since the customer wrote: only a template may be sent.
  ["131047", "outside_window"],
  ["131026", "unreachable"],
  ["131030", "unreachable"],
  ["131050", "unreachable"],
  ["131062", "unreachable"],
  ["130497", "unreachable"],
  ["131021", "unreachable"],
  ["131008", "content"],
  ["131009", "content"],
  ["131051", "content"],
  ["131052", "content"],
  // Templates: unknown, paused, with other places, too long.
  ["132000", "content"],
  ["132001", "content"],
  ["132005", "too_long"],
  ["132007", "content"],
  ["132012", "content"],
  ["132015", "content"],
  ["132016", "content"],
  ["132018", "content"],
  ["132068", "content"],
  ["132069", "content"],
  // Meta keeps marketing from customers who get much of it, or who are in an experiment.
  ["131049", "other"],
  ["130472", "other"],
]);
