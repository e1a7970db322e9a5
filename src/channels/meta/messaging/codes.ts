import { type Codes, codesOf } from "../codes.ts";

/** The error codes of the Send API of Messenger and Instagram. */
export const messagingCodes: Codes = codesOf([
  // Calls of this kind for this page or account.
  ["80002", "throttled"],
  ["80006", "throttled"],
  ["1200", "failed"],
  // More than 24 hours since the customer wrote.
  ["10/2018278", "outside_window"],
  ["10/2018065", "outside_window"],
  ["10/2534022", "outside_window"],
  // The customer blocked us, has left, or is not available to businesses.
  ["10/2018108", "unreachable"],
  ["100/2018001", "unreachable"],
  ["100/2534014", "unreachable"],
  ["551", "unreachable"],
]);
