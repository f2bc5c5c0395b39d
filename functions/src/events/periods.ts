import { dayMs, hourMs, minuteMs } from '../platform/durations.ts';

/** For how long an event is tried. */
export const tryingMs = dayMs;
/** For how long one that was delivered can be replayed. */
export const keptDeliveredMs = 7 * dayMs;
/** For how long one that could not be delivered can be. */
export const keptDeadMs = 30 * dayMs;
/** When the schedule first looks after an event: its own task has had its chance by then. */
export const firstLookMs = minuteMs;
/** The pause after the first failure; each further one is twice as long. */
export const shortestPauseMs = minuteMs;
export const longestPauseMs = hourMs;
