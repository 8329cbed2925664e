import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { asHubbubError } from "../../../client/errors.ts";
import type { SecondFactor } from "../../../client/sign_in.ts";
import { TextField } from "./field.tsx";
import { Form } from "./form.ts";
import { FormProblem, useIsWaiting } from "./form_problem.tsx";
import { answerByPasskey, takesPasskeys } from "./passkey.ts";
import { type Problem, problemOf } from "./problem.ts";

interface SecondStepProps {
  readonly secondFactor: SecondFactor;
  /** @throws HubbubError as the server refuses it. */
  readonly finish: (proof: string | object) => Promise<void>;
  /** Back to the password, with a word on why. */
  readonly restart: (notice?: string) => void;
}

/** After these the password is needed again. */
const endings: Readonly<Record<string, string>> = {
  INVALID_CHALLENGE: "That took too long, or too many tries. Sign in again.",
  PASSKEY_REFUSED: "That passkey was not accepted. Sign in again.",
};

const NO_PASSKEY = "No passkey was used. Try again, or go another way.";

/** The second step of a sign-in: a one-time code, a recovery code, or a passkey. */
export function SecondStep({ secondFactor, finish, restart }: SecondStepProps) {
  const { methods, passkeyOptions } = secondFactor;
  const form = useMemo(() => new Form(), []);
  const hasApp = methods.includes("totp");
  const hasRecovery = methods.includes("recovery_code");
  const isRecovery = useSignal(!hasApp);
  const takesCodes = hasApp || hasRecovery;
  const takesPasskey = passkeyOptions !== undefined && takesPasskeys();
  const { problem, isBusy } = form;
  const isWaiting = useIsWaiting(problem);
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    element.current?.querySelector<HTMLElement>("input, button")?.focus();
  }, [problem, isRecovery.value]);

  const attempt = (wrong: Problem | undefined, proof: () => Promise<string | object>) =>
    form.submit(
      wrong,
      async () => {
        const given = await proof();
        try {
          await finish(given);
        } catch (thrown) {
          const notice = endings[asHubbubError(thrown).code];
          if (notice === undefined) throw thrown;
          restart(notice);
        }
      },
      (thrown) =>
        thrown instanceof DOMException ? { text: NO_PASSKEY } : problemOf(thrown, "code"),
    );
  const submitCode = (event: SubmitEvent & { readonly currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get("code") ?? "").trim();
    const wrong = code === "" ? ({ field: "code", text: "Enter the code." } as const) : undefined;
    void attempt(wrong, async () => code);
  };

  return (
    <div class="second-step" ref={element}>
      <h1>Second step</h1>
      {takesCodes && (
        <form key={isRecovery.value} onSubmit={submitCode} noValidate>
          <TextField
            id="code"
            name="code"
            {...(isRecovery.value
              ? { label: "Recovery code", autocomplete: "off", hint: "Each works once." }
              : {
                  label: "One-time code",
                  autocomplete: "one-time-code",
                  inputmode: "numeric",
                  hint: "Six digits, from your authenticator app.",
                })}
            error={form.errorOf("code")}
          />
          <FormProblem problem={problem} />
          <button class="button main" type="submit" disabled={isBusy || isWaiting}>
            {isBusy ? "One moment…" : "Sign in"}
          </button>
        </form>
      )}
      {takesPasskey && (
        <button
          class={takesCodes ? "button" : "button main"}
          type="button"
          disabled={isBusy}
          onClick={() => void attempt(undefined, () => answerByPasskey(passkeyOptions))}
        >
          Use a passkey
        </button>
      )}
      {!takesCodes && <FormProblem problem={problem} />}
      {!takesCodes && !takesPasskey && (
        <p class="soft">This account asks for a passkey, which this browser does not offer.</p>
      )}
      <p class="other-way">
        {hasApp && hasRecovery && (
          <button
            class="link-button"
            type="button"
            onClick={() => {
              form.clear();
              isRecovery.value = !isRecovery.value;
            }}
          >
            {isRecovery.value ? "Use a one-time code" : "Use a recovery code"}
          </button>
        )}
        <button class="link-button" type="button" onClick={() => restart()}>
          Back
        </button>
      </p>
    </div>
  );
}
