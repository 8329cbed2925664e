/**
 * Microseconds since the Unix epoch. It never steps back within a process, and processes that were
 * started on one machine agree within the precision of the system's clock, so that a due time
 * written by one can be compared with an arrival seen by another.
 */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}
