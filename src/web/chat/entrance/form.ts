import { signal } from "@preact/signals";
import type { FieldName, Problem } from "./problem.ts";

/** What a form goes through from being sent to its answer. */
export class Form {
  readonly #problem = signal<Problem | undefined>(undefined);
  readonly #isBusy = signal(false);

  get problem(): Problem | undefined {
    return this.#problem.value;
  }

  get isBusy(): boolean {
    return this.#isBusy.value;
  }

  /** The sentence for one field; nothing where it is fine. */
  errorOf(field: FieldName): string | undefined {
    const problem = this.#problem.value;
    return problem?.field === field ? problem.text : undefined;
  }

  /**
   * @param wrong what is wrong before the server is asked.
   * @param explain what went wrong, in words.
   * @returns whether it went well.
   */
  async submit(
    wrong: Problem | undefined,
    work: () => Promise<void>,
    explain: (thrown: unknown) => Problem,
  ): Promise<boolean> {
    if (this.#isBusy.value) return false;
    this.#problem.value = wrong;
    if (wrong !== undefined) return false;
    this.#isBusy.value = true;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#problem.value = explain(thrown);
      return false;
    } finally {
      this.#isBusy.value = false;
    }
  }

  clear(): void {
    this.#problem.value = undefined;
  }
}
