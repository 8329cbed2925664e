import { useEffect, useRef, useState } from "preact/hooks";
import { asHubbubError } from "../../client/errors.ts";
import type { App } from "./app.ts";

interface Problem {
  readonly field: "name" | "password" | undefined;
  readonly text: string;
}

/** What somebody sees who is not signed in. */
export function SignIn({ app, notice }: { app: App; notice: string | undefined }) {
  const form = useRef<HTMLFormElement>(null);
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    const field = form.current?.elements.namedItem(problem?.field ?? "name");
    if (field instanceof HTMLInputElement) field.focus();
  }, [problem]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (form.current === null || isBusy) return;
    const data = new FormData(form.current);
    const name = String(data.get("name") ?? "").trim();
    const password = String(data.get("password") ?? "");
    if (name === "") return setProblem({ field: "name", text: "Enter a name." });
    if (password === "") return setProblem({ field: "password", text: "Enter your password." });
    setBusy(true);
    try {
      await app.signIn(name, password);
    } catch (thrown) {
      setProblem(problemOf(thrown));
      setBusy(false);
    }
  };

  return (
    <main class="entrance">
      <div class="card">
        <h1>Hubbub monitor</h1>
        <p class="soft">For accounts with the role monitor or admin.</p>
        {notice !== undefined && <p role="status">{notice}</p>}
        <form ref={form} onSubmit={submit} noValidate>
          <Field name="name" label="Name" type="text" autocomplete="username" problem={problem} />
          <Field
            name="password"
            label="Password"
            type="password"
            autocomplete="current-password"
            problem={problem}
          />
          <p role="alert" class="error">
            {problem?.field === undefined ? problem?.text : ""}
          </p>
          <button class="button main" type="submit" disabled={isBusy}>
            {isBusy ? "One moment…" : "Sign in"}
          </button>
        </form>
      </div>
    </main>
  );
}

interface FieldProps {
  readonly name: "name" | "password";
  readonly label: string;
  readonly type: "text" | "password";
  readonly autocomplete: string;
  readonly problem: Problem | undefined;
}

function Field({ name, label, type, autocomplete, problem }: FieldProps) {
  const error = problem?.field === name ? problem.text : undefined;
  const input = {
    class: "input",
    id: name,
    name,
    autocomplete,
    autocapitalize: "none",
    spellcheck: false,
    required: true,
    "aria-invalid": error !== undefined,
    "aria-describedby": error === undefined ? undefined : `${name}-error`,
  } as const;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {type === "text" ? <input type="text" {...input} /> : <input type="password" {...input} />}
      {error !== undefined && (
        <p class="error" id={`${name}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

function problemOf(thrown: unknown): Problem {
  const { code, text, retryAfterMs } = asHubbubError(thrown);
  if (code === "INVALID_CREDENTIALS") {
    return { field: "password", text: "Name or password is wrong." };
  }
  if (code === "UNREACHABLE") return { field: undefined, text: "The server does not answer." };
  const again = retryAfterMs > 0 ? ` Try again in ${Math.ceil(retryAfterMs / 1000)} s.` : "";
  return { field: undefined, text: `${text}${again}` };
}
