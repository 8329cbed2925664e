import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { type SecondFactor, SecondFactorRequired } from "../../../client/sign_in.ts";
import { Icon } from "../icons.tsx";
import { PasswordField, TextField } from "./field.tsx";
import { FormProblem } from "./form_problem.tsx";
import { missing, problemOf, wrongName } from "./problem.ts";
import { SecondStep } from "./second_step.tsx";
import { takeFields, useForm } from "./use_form.ts";

/** What signs in; throws HubbubError as the server refuses it, and SecondFactorRequired. */
export interface Entering {
  signIn(name: string, password: string): Promise<void>;
  finishSignIn(secondFactor: SecondFactor, proof: string | object): Promise<void>;
}

interface SignInProps {
  readonly app: Entering;
  readonly notice: string | undefined;
  /** Stands above the form. */
  readonly intro?: ComponentChildren;
  /** Stands below it. */
  readonly children?: ComponentChildren;
}

/** Signing in: by name and password, and where the account asks for it, by a second step. */
export function SignIn({ app, notice, intro, children }: SignInProps) {
  const second = useSignal<SecondFactor | undefined>(undefined);
  const ending = useSignal<string | undefined>(undefined);
  const secondFactor = second.value;
  if (secondFactor !== undefined) {
    return (
      <SecondStep
        secondFactor={secondFactor}
        finish={(proof) => app.finishSignIn(secondFactor, proof)}
        restart={(text) => {
          ending.value = text;
          second.value = undefined;
        }}
      />
    );
  }
  return (
    <>
      <h1>Sign in</h1>
      {intro}
      <Notice text={ending.value ?? notice} />
      <PasswordStep app={app} onSecondFactor={(asked) => (second.value = asked)} />
      {children}
    </>
  );
}

/** Why somebody is here again. */
export function Notice({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <p class="notice" role="status">
      <Icon name="alert" />
      {text}
    </p>
  );
}

interface PasswordStepProps {
  readonly app: Entering;
  readonly onSecondFactor: (secondFactor: SecondFactor) => void;
}

function PasswordStep({ app, onSecondFactor }: PasswordStepProps) {
  const { form, problem, isBusy, isHeld } = useForm("name");

  const submit = (event: SubmitEvent) => {
    const { username = "", password = "" } = takeFields(event);
    const name = username.trim();
    void form.submit(
      wrongName(name) ?? missing("password", password),
      async () => {
        try {
          await app.signIn(name, password);
        } catch (thrown) {
          if (!(thrown instanceof SecondFactorRequired)) throw thrown;
          onSecondFactor(thrown.secondFactor);
        }
      },
      (thrown) => problemOf(thrown, "sign in"),
    );
  };

  return (
    <form onSubmit={submit} noValidate>
      <TextField
        id="name"
        name="username"
        label="Name"
        autocomplete="username"
        error={form.errorOf("name")}
      />
      <PasswordField
        id="password"
        name="password"
        label="Password"
        autocomplete="current-password"
        error={form.errorOf("password")}
      />
      <FormProblem problem={problem} />
      <button class="button main" type="submit" disabled={isHeld}>
        {isBusy ? "One moment…" : "Sign in"}
      </button>
    </form>
  );
}
