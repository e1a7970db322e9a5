/** What is to happen and when. Things of the same instant come in an order of their own, drawn beforehand. */
export type Agenda<Item> = {
  readonly add: (at: number, order: number, item: Item) => void;
  readonly next: () => { readonly at: number; readonly item: Item } | undefined;
};

type Entry<Item> = { readonly at: number; readonly order: number; readonly item: Item };

/** Makes an empty agenda, a binary heap. */
export function createAgenda<Item>(): Agenda<Item> {
  const heap: Entry<Item>[] = [];
  return {
    add: (at, order, item) => {
      heap.push({ at, order, item });
      rise(heap);
    },
    next: () => {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last !== undefined) {
        heap[0] = last;
        sink(heap);
      }
      return first;
    },
  };
}

function isBefore<Item>(a: Entry<Item>, b: Entry<Item>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function rise<Item>(heap: Entry<Item>[]): void {
  let place = heap.length - 1;
  while (place > 0) {
    const above = (place - 1) >> 1;
    if (!swapIfBefore(heap, place, above)) return;
    place = above;
  }
}

function sink<Item>(heap: Entry<Item>[]): void {
  let place = 0;
  for (;;) {
    const below = earlierChild(heap, place);
    if (below === null || !swapIfBefore(heap, below, place)) return;
    place = below;
  }
}

function earlierChild<Item>(heap: readonly Entry<Item>[], place: number): number | null {
  const left = 2 * place + 1;
  const [one, other] = [heap[left], heap[left + 1]];
  if (one === undefined) return null;
  return other !== undefined && isBefore(other, one) ? left + 1 : left;
}

function swapIfBefore<Item>(heap: Entry<Item>[], place: number, other: number): boolean {
  const [one, two] = [heap[place], heap[other]];
  if (one === undefined || two === undefined || !isBefore(one, two)) return false;
  heap[place] = two;
  heap[other] = one;
  return true;
}
