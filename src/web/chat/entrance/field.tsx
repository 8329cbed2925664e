import { useState } from "preact/hooks";
import { Icon } from "../icons.tsx";

interface FieldProps {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  /** For password managers: `username`, `current-password`, `new-password`, `one-time-code`. */
  readonly autocomplete: string;
  /** Which keys a phone shows; letters unless said. */
  readonly inputmode?: "numeric";
  readonly hint?: string;
  readonly error: string | undefined;
}

/** Names and passwords are no prose. */
const text = { autocapitalize: "none", spellcheck: false } as const;

/** A labelled text field, with its error beneath it. The browser holds what is in it. */
export function TextField(props: FieldProps) {
  return (
    <Frame {...props}>
      <input class="input" type="text" {...text} {...input(props)} />
    </Frame>
  );
}

/** As TextField, for a password, which can be looked at. */
export function PasswordField(props: FieldProps) {
  const [isShown, setShown] = useState(false);
  return (
    <Frame {...props}>
      <div class="with-button">
        {isShown ? (
          <input class="input" type="text" {...text} {...input(props)} />
        ) : (
          <input class="input" type="password" {...text} {...input(props)} />
        )}
        <button
          class="icon-button"
          type="button"
          aria-label={isShown ? "Hide password" : "Show password"}
          aria-controls={props.id}
          onClick={() => setShown(!isShown)}
        >
          <Icon name={isShown ? "eyeOff" : "eye"} />
        </button>
      </div>
    </Frame>
  );
}

function Frame({
  id,
  label,
  hint,
  error,
  children,
}: FieldProps & { children: preact.ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint !== undefined && error === undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p class="error" id={`${id}-error`}>
          <Icon name="alert" />
          {error}
        </p>
      )}
    </div>
  );
}

function input({ id, name, autocomplete, inputmode, hint, error }: FieldProps) {
  const description = error !== undefined ? `${id}-error` : hint && `${id}-hint`;
  return {
    id,
    name,
    autocomplete,
    inputmode: inputmode ?? ("text" as const),
    required: true,
    "aria-invalid": error !== undefined,
    "aria-describedby": description,
  };
}
