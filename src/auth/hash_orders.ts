/** What the server and the hasher's process say to each other. */

/** What the process is asked for. Passwords are normalized: see passwords.ts. */
export type HashOrder =
  /** A new password, which must not be a common one. */
  | { readonly id: number; readonly kind: "hash"; readonly password: string }
  | {
      readonly id: number;
      readonly kind: "verify";
      /** What is stored; null for nobody's, which takes the same work. */
      readonly hash: string | null;
      readonly password: string;
    };

/** The process is at work: sent once, before any answer. */
export interface HasherReady {
  readonly ready: true;
  /** A sentence for the operator where the pepper cannot be used; orders are answered with it, too. */
  readonly pepperTrouble: string | null;
}

/** What the process says to the order of that id. */
export type HashAnswer =
  | { readonly id: number; readonly hash: string }
  /** The new password is on the list of common ones. */
  | { readonly id: number; readonly isCommon: true }
  | { readonly id: number; readonly matches: true; readonly rehashed?: string }
  | { readonly id: number; readonly matches: false; readonly unusable?: true }
  /** A sentence for the operator: nothing could be hashed or checked. */
  | { readonly id: number; readonly pepperTrouble: string }
  /** It failed in a way that nobody thought of; there was no memory, say. */
  | { readonly id: number; readonly failed: true };
