import type { HelpTopic } from "./help.ts";

/** A command line that cannot be followed; the message is a sentence for its writer. */
export class BadUse extends Error {
  override readonly name = "BadUse";
  readonly topic: HelpTopic;
  constructor(message: string, topic: HelpTopic) {
    super(message);
    this.topic = topic;
  }
}
