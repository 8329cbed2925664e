import { spell, useSecondsUntil } from "../countdown.ts";
import { Icon } from "../icons.tsx";
import type { Problem } from "./problem.ts";

/** What is wrong with a form as a whole, read out when it comes. */
export function FormProblem({ problem }: { problem: Problem | undefined }) {
  const seconds = useSecondsUntil(problem?.retryAtMs);
  const isShown = problem !== undefined && problem.field === undefined;
  return (
    <div role="alert">
      {isShown && (
        <p class="notice danger">
          <Icon name="alert" />
          <span>
            {problem.text}
            {problem.retryAtMs !== undefined && (
              <span aria-hidden="true">
                {seconds > 0 ? ` Try again in ${spell(seconds)}.` : " You can try again now."}
              </span>
            )}
          </span>
        </p>
      )}
    </div>
  );
}

/** Whether the form is to wait with its next try. */
export function useIsWaiting(problem: Problem | undefined): boolean {
  return useSecondsUntil(problem?.retryAtMs) > 0;
}
