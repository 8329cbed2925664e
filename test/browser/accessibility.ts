import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import type axe from "axe-core";
import type { Page } from "playwright-core";

declare const window: { axe: typeof axe };

/** WCAG 2.2 AA with all before it, and what is good practice besides. */
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const script = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Fails with what axe-core finds in the page as it is shown now. */
export async function expectAccessible(page: Page): Promise<void> {
  // Colours that are half-way from one to the other have any contrast.
  await page.waitForFunction(() =>
    document.getAnimations().every(({ playState }) => playState !== "running"),
  );
  // Run by the debugger, for the page's own policy would not let it in.
  await page.evaluate(script);
  const violations = await page.evaluate(async (values) => {
    const found = await window.axe.run(document, { runOnly: { type: "tag", values } });
    return found.violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`),
    }));
  }, rules);
  expect(violations).toEqual([]);
}
