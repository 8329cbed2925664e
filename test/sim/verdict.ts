/**
 * What was found wrong. Faults are collected, not thrown: a throw inside one of the server's
 * callbacks would be caught there, and turned into an answer.
 */
export class Verdict {
  readonly faults: string[] = [];

  readonly must = (isTrue: boolean, otherwise: string): void => {
    if (!isTrue) this.faults.push(otherwise);
  };
}
