/**
 * The passwords that people choose most and that are tried first (NIST SP 800-63B, section 3.1.1.2),
 * by zxcvbn's list. It is loaded when it is first asked; that takes tens of milliseconds and megabytes,
 * so it is for the hasher's process.
 */
export class CommonPasswords {
  #list: Promise<ReadonlySet<string>> | undefined;

  /** Whether the normalized password is on the list, in whatever case. */
  async has(password: string): Promise<boolean> {
    this.#list ??= load();
    return (await this.#list).has(password.toLowerCase());
  }
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import("@zxcvbn-ts/language-common");
  return new Set(dictionary["passwords-common"]);
}
