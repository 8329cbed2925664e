import type { ComponentChildren } from "preact";
import type { App } from "../app.ts";
import { PasswordField, TextField } from "./field.tsx";
import { FormProblem } from "./form_problem.tsx";
import { NAME_RULE, problemOf, wrongName, wrongNewPassword } from "./problem.ts";
import { takeFields, useForm } from "./use_form.ts";

/** Making an account. */
export function Register({ app, children }: { app: App; children: ComponentChildren }) {
  const { form, problem, isBusy, isHeld } = useForm("name");

  const submit = (event: SubmitEvent) => {
    const { username = "", password = "" } = takeFields(event);
    const name = username.trim();
    void form.submit(
      wrongName(name) ?? wrongNewPassword("password", password),
      () => app.register(name, password),
      (thrown) => problemOf(thrown, "register"),
    );
  };

  return (
    <>
      <h1>Create account</h1>
      <form onSubmit={submit} noValidate>
        <TextField
          id="name"
          name="username"
          label="Name"
          autocomplete="username"
          error={form.errorOf("name")}
          hint={NAME_RULE}
        />
        <PasswordField
          id="password"
          name="password"
          label="Password"
          autocomplete="new-password"
          error={form.errorOf("password")}
          hint="8 characters at least. Three words do well."
        />
        <FormProblem problem={problem} />
        <button class="button main" type="submit" disabled={isHeld}>
          {isBusy ? "One moment…" : "Create account"}
        </button>
      </form>
      {children}
    </>
  );
}
