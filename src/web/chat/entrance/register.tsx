import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { App } from "../app.ts";
import { PasswordField, TextField } from "./field.tsx";
import { Form } from "./form.ts";
import { FormProblem, useIsWaiting } from "./form_problem.tsx";
import { NAME_RULE, problemOf, wrongName, wrongNewPassword } from "./problem.ts";

/** Making an account. */
export function Register({ app, children }: { app: App; children: ComponentChildren }) {
  const form = useMemo(() => new Form(), []);
  const element = useRef<HTMLFormElement>(null);
  const { problem, isBusy } = form;
  const isWaiting = useIsWaiting(problem);
  useEffect(() => {
    element.current?.querySelector("input")?.focus();
  }, []);
  useEffect(() => {
    if (problem?.field !== undefined) document.getElementById(problem.field)?.focus();
  }, [problem]);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (element.current === null) return;
    const data = new FormData(element.current);
    const name = String(data.get("username") ?? "").trim();
    const password = String(data.get("password") ?? "");
    void form.submit(
      wrongName(name) ?? wrongNewPassword("password", password),
      () => app.register(name, password),
      (thrown) => problemOf(thrown, "register"),
    );
  };

  return (
    <>
      <h1>Create account</h1>
      <form ref={element} onSubmit={submit} noValidate>
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
        <button class="button main" type="submit" disabled={isBusy || isWaiting}>
          {isBusy ? "One moment…" : "Create account"}
        </button>
      </form>
      {children}
    </>
  );
}
