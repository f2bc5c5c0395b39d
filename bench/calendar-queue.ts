const none = -1;

/** Items by the minute they are due in. Each is in one minute at a time; O(1) per item. */
export interface CalendarQueue {
  /** What is due after the last minute is forgotten: nothing asks for it. */
  add(item: number, minute: number): void;
  /** Takes out what is due in that minute. What `visit` adds to that same minute is left in. */
  drain(minute: number, visit: (item: number) => void): void;
}

/** @param items how many there are at most; they are numbered from 0. */
export function createCalendarQueue(items: number, minutes: number): CalendarQueue {
  const heads = new Int32Array(minutes).fill(none);
  const nexts = new Int32Array(items);
  return {
    add(item, minute) {
      if (minute >= minutes) return;
      nexts[item] = heads[minute] ?? none;
      heads[minute] = item;
    },
    drain(minute, visit) {
      let item = heads[minute] ?? none;
      heads[minute] = none;
      while (item !== none) {
        const next = nexts[item] ?? none;
        visit(item);
        item = next;
      }
    },
  };
}

/** First in, first out, over items that are in one of these queues at a time. */
export interface Waiting {
  readonly length: number;
  push(item: number): void;
  /** Back to where it was taken from. */
  unshift(item: number): void;
  /** @returns undefined where none waits. */
  shift(): number | undefined;
}

/** @param nexts one entry per item, for all queues of these items. */
export function createWaiting(nexts: Int32Array): Waiting {
  let head = none;
  let tail = none;
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(item) {
      nexts[item] = none;
      if (length === 0) head = item;
      else nexts[tail] = item;
      tail = item;
      length += 1;
    },
    unshift(item) {
      nexts[item] = head;
      if (length === 0) tail = item;
      head = item;
      length += 1;
    },
    shift() {
      if (length === 0) return undefined;
      const item = head;
      head = nexts[item] ?? none;
      length -= 1;
      return item;
    },
  };
}
