import { describe, expect, test } from "bun:test";
import { dirname } from "node:path";
import { profilePage } from "../../../src/cli/profile/page.ts";
import { type Frame, type PageData, pagedProfile } from "../../../src/cli/profile/page_data.ts";
import { serverProfile } from "./handmade.ts";

const profile = serverProfile(
  [
    {
      name: "receive",
      file: "src/session/receive.ts",
      hits: 100,
      calls: [{ name: "send", hits: 300 }],
    },
  ],
  [{ name: "commit", file: "src/store/committer.ts", hits: 50 }],
);

function dataOf(page: string): PageData {
  return JSON.parse(
    /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? "",
  );
}

describe("the flame graph", () => {
  const { flames } = pagedProfile("server", profile);

  test("is the whole server: threads, what they called, and what is no JavaScript", () => {
    const shown = ({ name, value, children }: Frame): unknown => [
      name,
      value,
      ...children.map(shown),
    ];
    expect(shown(flames)).toEqual([
      "server",
      60,
      ["main thread", 50, ["receive", 40, ["send", 30]], ["outside JavaScript", 10]],
      ["writer thread", 5, ["commit", 5], ["outside JavaScript", 0]],
      ["bun's own threads", 5],
    ]);
  });

  test("has no frame wider than what it stands in", () => {
    const check = ({ value, children }: Frame): void => {
      const inner = children.reduce((sum, child) => sum + child.value, 0);
      expect(inner).toBeLessThanOrEqual(value + 1e-9);
      children.forEach(check);
    };
    check(flames);
  });
});

describe("the page", () => {
  test("is one file that loads nothing from anywhere", async () => {
    const page = await profilePage({
      title: "A profile",
      profiles: [pagedProfile("server", profile)],
    });
    expect(page).toContain("default-src 'none'");
    const [, markup = ""] = /<body>(.*)<script>/s.exec(page) ?? [];
    expect(page).not.toMatch(/<(?:link|img|iframe|object|embed)\b/i);
    expect(page).not.toMatch(/<script[^>]+src=/i);
    expect(page).not.toMatch(/@import|url\(/);
    expect(markup).not.toContain("http");
    expect(page).not.toMatch(/\b(?:fetch|XMLHttpRequest|WebSocket|EventSource)\s*\(/);
    expect(dataOf(page).profiles[0]?.flames.name).toBe("server");
  });

  test("shows names as text, whatever they are", async () => {
    const name = `</script><script>alert(1)</script><!--<b>"'&`;
    const hostile = serverProfile([{ name, hits: 10 }]);
    const page = await profilePage({ title: name, profiles: [pagedProfile(name, hostile)] });
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toContain("<b>");
    const { title, profiles } = dataOf(page);
    expect([title, profiles[0]?.name, profiles[0]?.table.functions[0]?.name]).toEqual([
      name,
      name,
      name,
    ]);
  });

  test("has one copy of d3-selection: the flame graph adds its transitions to that", () => {
    const resolve = (from: string) => Bun.resolveSync("d3-selection", from);
    expect(resolve(dirname(Bun.resolveSync("d3-flame-graph", import.meta.dir)))).toBe(
      resolve(import.meta.dir),
    );
  });
});
