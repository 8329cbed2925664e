/**
 * What this browser keeps for a page, in the storage that its tabs share, under a prefix. Where
 * there is no storage, or it is full, nothing is kept and nothing fails.
 */
export class Kept {
  readonly #storage: Storage | undefined;
  readonly #prefix: string;

  constructor(prefix: string, storage: Storage | undefined = browserStorage()) {
    this.#prefix = prefix;
    this.#storage = storage;
  }

  /** What is kept under a longer prefix. */
  under(prefix: string): Kept {
    return new Kept(`${this.#prefix}${prefix}/`, this.#storage);
  }

  get(key: string): string | undefined {
    return this.#storage?.getItem(this.#prefix + key) ?? undefined;
  }

  set(key: string, value: string): void {
    try {
      this.#storage?.setItem(this.#prefix + key, value);
    } catch {
      // It is full. What a reload would lose is still on the screen.
    }
  }

  remove(key: string): void {
    this.#storage?.removeItem(this.#prefix + key);
  }

  keys(): string[] {
    return Object.keys(this.#storage ?? {}).flatMap((key) =>
      key.startsWith(this.#prefix) ? [key.slice(this.#prefix.length)] : [],
    );
  }

  clear(): void {
    for (const key of this.keys()) this.remove(key);
  }

  /** Tells what other tabs change: undefined where it was removed. Returns what ends that. */
  onChange(changed: (key: string, value: string | undefined) => void): () => void {
    const listen = ({ key, newValue, storageArea }: StorageEvent) => {
      if (storageArea !== this.#storage || !key?.startsWith(this.#prefix)) return;
      changed(key.slice(this.#prefix.length), newValue ?? undefined);
    };
    window.addEventListener("storage", listen);
    return () => window.removeEventListener("storage", listen);
  }
}

function browserStorage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    // Browsers throw where the user forbids storage.
    return undefined;
  }
}
