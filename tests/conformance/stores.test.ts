import { conversationStoreConformance } from "./conversation-store.ts";
import { openFakeStores } from "./fake-stores-harness.ts";
import { outboxStoreConformance } from "./outbox-store.ts";
import { openRealStores } from "./real-stores-harness.ts";

conversationStoreConformance("in memory", openFakeStores);
conversationStoreConformance("on PostgreSQL", openRealStores);
outboxStoreConformance("in memory", openFakeStores);
outboxStoreConformance("on PostgreSQL", openRealStores);
