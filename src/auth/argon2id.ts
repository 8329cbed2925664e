import { Argon2id } from "oslo/password";

/** OWASP's parameters for Argon2id: 19 MiB, two passes, one lane. */
export const argon2id = new Argon2id({ memorySize: 19_456, iterations: 2, parallelism: 1 });
