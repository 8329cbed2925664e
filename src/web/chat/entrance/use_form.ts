import { useEffect, useMemo } from "preact/hooks";
import { Form } from "./form.ts";
import { useIsWaiting } from "./form_problem.tsx";
import type { FieldName } from "./problem.ts";

/**
 * A form as a page has it: the field that something is wrong with gets the focus.
 *
 * @param first the field that has it at the beginning.
 */
export function useForm(first?: FieldName) {
  const form = useMemo(() => new Form(), []);
  const { problem, isBusy } = form;
  const isWaiting = useIsWaiting(problem);
  useEffect(() => focus(first), []);
  useEffect(() => focus(problem?.field), [problem]);
  return {
    form,
    problem,
    isBusy,
    /** It cannot be sent now: it is on its way, or is to wait with its next try. */
    isHeld: isBusy || isWaiting,
  };
}

/** What is written in the form that is being sent; the page stays. */
export function takeFields(event: SubmitEvent): { readonly [name: string]: string } {
  event.preventDefault();
  const fields = new FormData(event.currentTarget as HTMLFormElement);
  return Object.fromEntries([...fields].map(([name, value]) => [name, String(value)]));
}

function focus(field: FieldName | undefined): void {
  if (field !== undefined) document.getElementById(field)?.focus();
}
