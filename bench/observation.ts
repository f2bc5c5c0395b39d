/** What a simulation saw of one cohort. */
export interface Observation {
  /** Refreshes by the schedule, and by callers who found their token expired. */
  rotated: number;
  byCallers: number;
  /** Token requests that failed. */
  failed: number;
  /** Sessions of users: the first call after a while. */
  uses: number;
  /** Writes that note a use, and status documents whose date moved. */
  notes: number;
  dated: number;
  /** Tasks, and how long they take in all. */
  batches: number;
  batchSeconds: number;
  /** Refreshed after the end of what must not end, and by how much at the most. */
  late: number;
  worstLatenessMs: number;
  /** After the time that was meant, at the most. */
  worstDelayMs: number;
  /** Refreshes in the minute, by the schedule. */
  readonly perMinute: Float64Array;
  /** What is due and not refreshed at the minute's end. */
  readonly backlog: Float64Array;
  /** The longest delay of the minute's refreshes, in milliseconds; less than 0: all were early. */
  readonly delayMs: Float64Array;
}

/** Nothing seen yet. */
export function createObservation(minutes: number): Observation {
  return {
    rotated: 0,
    byCallers: 0,
    failed: 0,
    uses: 0,
    notes: 0,
    dated: 0,
    batches: 0,
    batchSeconds: 0,
    late: 0,
    worstLatenessMs: 0,
    worstDelayMs: 0,
    perMinute: new Float64Array(minutes),
    backlog: new Float64Array(minutes),
    delayMs: new Float64Array(minutes),
  };
}

/** Adds a refresh by the schedule. Times are milliseconds since the epoch. */
export function observe(
  seen: Observation,
  minute: number,
  at: number,
  dueAt: number,
  endsAt: number,
): void {
  const delayMs = at - dueAt;
  const latenessMs = at - endsAt;
  if (latenessMs > 0) {
    seen.late += 1;
    if (latenessMs > seen.worstLatenessMs) seen.worstLatenessMs = latenessMs;
  }
  if (delayMs > seen.worstDelayMs) seen.worstDelayMs = delayMs;
  const isFirst = seen.perMinute[minute] === 0;
  if (isFirst || delayMs > (seen.delayMs[minute] ?? 0)) seen.delayMs[minute] = delayMs;
  seen.perMinute[minute] = (seen.perMinute[minute] ?? 0) + 1;
  seen.rotated += 1;
}
