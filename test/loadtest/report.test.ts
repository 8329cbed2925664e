import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Resvg } from "@resvg/resvg-js";
import { figures } from "../../loadtest/report/charts/figures.ts";
import { PIXELS_PER_PX, renderPng } from "../../loadtest/report/render_png.ts";
import { reportHtml } from "../../loadtest/report/report_html.ts";
import { reportPicture } from "../../loadtest/report/report_picture.ts";
import { writeReport } from "../../loadtest/report/write.ts";
import type { Result, Stages } from "../../loadtest/result.ts";
import { summaryOf } from "../../loadtest/summary.ts";
import { edgeCases } from "./edge_cases.ts";
import { fixtureResult } from "./fixture_result.ts";
import { distinctColours, pngSize } from "./png.ts";

const folder = mkdtempSync(join(tmpdir(), "hubbub-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'&`;

function hostileResult(): Result {
  const result = edgeCases.lostMessages();
  return {
    ...result,
    because: hostile,
    parameters: { ...result.parameters, profile: hostile, url: hostile },
    machine: { ...result.machine, cpuModel: hostile },
    versions: { ...result.versions, gitCommit: hostile },
    integrity: { ...result.integrity, examples: [hostile] },
    errors: { [hostile]: 3 },
  };
}

describe("report.html", () => {
  test("leads with the verdict, the reason and the key figures", async () => {
    const page = await textOf(reportHtml(fixtureResult()));
    expect(page).toContain("Hubbub load test: standard, 250 users, protobuf");
    expect(page).toContain("Passed");
    expect(page).toContain("Every expectation held and nothing was lost, doubled or reordered.");
    expect(page).toContain("58.8 ms");
    expect(page).toContain("p50 11.3, p90 23.7, p95 32.8");
  });

  test("names what was lost, and every error by its code", async () => {
    const page = await textOf(reportHtml(edgeCases.lostMessages()));
    expect(page).toContain("Failed");
    expect(page).toContain("user 17 in test_3: 812, 813 and 814 never came");
    expect(page).toMatch(/RATE_LIMITED\s*12/);
    expect(page).toContain("broken");
  });

  test("names the stage that made the tail, and leaves the table out where nobody told", async () => {
    const result = fixtureResult();
    const { stagesMs, ...untold } = result;
    expect(await textOf(reportHtml(result))).toContain("the slowest is: wait for the batch");
    const slowDisk = { ...(stagesMs as Stages), commit: { p50: 4, p99: 250 } };
    const page = await textOf(reportHtml({ ...result, stagesMs: slowDisk }));
    expect(page).toContain("the slowest is: commit");
    expect(page).toMatch(/included\. 4 250 /);
    expect(await textOf(reportHtml(untold))).not.toContain("the slowest is");
    expect(summaryOf({ ...result, stagesMs: slowDisk })).toContain("the slowest: commit");
  });

  test("blames nobody where the tester was the bottleneck", async () => {
    const page = await textOf(reportHtml(edgeCases.testerBound()));
    expect(page).toContain("No verdict: the tester was the bottleneck");
  });

  test("says that shortened waits are another workload", async () => {
    const result = fixtureResult();
    const parameters = { ...result.parameters, timeScale: 10, messagesPerUserSecond: 1.57 };
    const page = await textOf(reportHtml({ ...result, parameters }));
    expect(page).toContain("The waits were shortened 10 times: each user sent 1.57 messages/s");
  });

  test("loads nothing from anywhere", async () => {
    const page = await reportHtml(fixtureResult());
    const loading: string[] = [];
    const note = (element: HTMLRewriterTypes.Element) =>
      void loading.push(element.tagName, ...[...element.attributes].flat());
    new HTMLRewriter()
      .on("[src], [href], [srcset], [data], [action], link, iframe, object, embed", {
        element: note,
      })
      .transform(page);
    expect(loading).toEqual([]);
    const styles = page.match(/<style>[\s\S]*?<\/style>/g) ?? [];
    expect(styles).toHaveLength(1);
    expect(styles.join()).not.toMatch(/url\(|@import/);
    expect(page).toContain(
      `http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;`,
    );
  });

  test("takes hostile text for text", async () => {
    const page = await reportHtml(hostileResult());
    const elements: string[] = [];
    new HTMLRewriter()
      .on("script, img", { element: ({ tagName }) => void elements.push(tagName) })
      .transform(page);
    expect(elements).toEqual(["script", "script"]);
    expect(await textOf(Promise.resolve(page))).toContain(Bun.escapeHTML(hostile).slice(0, 30));
  });

  test("has a place for every graph, with words for those who cannot see it", async () => {
    const result = fixtureResult();
    const page = await reportHtml(result);
    for (const { id, title, sentence } of figures) {
      const words = `${title}. ${sentence(result)}`;
      expect(page).toContain(`id="${id}" role="img" aria-label="${words}"`);
    }
  });
});

describe("report.png", () => {
  test("is twice as fine as it is drawn, and shows something", () => {
    const svg = reportPicture(fixtureResult());
    const { width, height } = new Resvg(svg);
    const png = renderPng(svg);
    expect(pngSize(png)).toEqual({
      width: width * PIXELS_PER_PX,
      height: height * PIXELS_PER_PX,
    });
    expect(distinctColours(svg)).toBeGreaterThan(500);
  });

  test("has its text without any font of the system", () => {
    const svg = (text: string) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><text x="9" y="30" font-size="24">${text}</text></svg>`;
    expect(distinctColours(svg(""))).toBe(1);
    expect(distinctColours(svg("Hubbub ≤ 1 µs ✓"))).toBeGreaterThan(20);
  });

  test("takes hostile text for text", () => {
    expect(() => renderPng(reportPicture(hostileResult()))).not.toThrow();
  });
});

describe("the report of a run that", () => {
  test.each(Object.entries(edgeCases))("is called %s is whole", async (name, make) => {
    await writeReport(make(), folder);
    const page = await Bun.file(join(folder, "report.html")).text();
    expect(page.replace(/<script[\s\S]*?<\/script>/g, "")).not.toMatch(/NaN|undefined|Infinity/);
    const png = await Bun.file(join(folder, "report.png")).bytes();
    expect([name, pngSize(png).width]).toEqual([name, 1040 * PIXELS_PER_PX]);
    expect(reportPicture(make())).not.toMatch(/NaN|undefined|Infinity/);
  });
});

/** What a reader sees: the page without its scripts, styles and tags. */
async function textOf(page: Promise<string>): Promise<string> {
  return (await page)
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
}
