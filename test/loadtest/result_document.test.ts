import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isPair, resultShape, type Shape } from "../../loadtest/report/result_shape.ts";

/** The compiler holds this shape to loadtest/result.ts, so it names every field there is. */
function pathsOf(shape: Shape, path = ""): string[] {
  if (typeof shape === "string") return [path];
  if (!isPair(shape)) {
    const prefix = path === "" ? "" : `${path}.`;
    return Object.entries(shape).flatMap(([field, inner]) => pathsOf(inner, prefix + field));
  }
  const [kind, inner] = shape;
  if (typeof inner === "string" || kind === "by name") return [path];
  if (kind === "list of") return pathsOf(inner, `${path}[]`);
  // What a latency consists of is told of once, at `latencyMs`.
  return "ping" in inner || "p50" in inner ? [path] : [path, ...pathsOf(inner, path)];
}

test("docs/LOADTEST.md tells of every field of result.json, and of no other", () => {
  const fields = new Set<string>();
  for (const path of pathsOf(resultShape)) {
    // The four latencies have the same fields, which are told of once.
    const [, latency] = /^(latencyMs\.\w+)\./.exec(path) ?? [];
    if (latency !== undefined) fields.add(latency);
    fields.add(path.replace(/^latencyMs\.\w+\./, "latencyMs.*."));
  }
  const document = readFileSync(join(import.meta.dir, "../../docs/LOADTEST.md"), "utf8");
  const [, section = ""] = document.split("## result.json");
  const told = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, field]) => field ?? "");
  expect(told.sort()).toEqual([...fields].sort());
});
