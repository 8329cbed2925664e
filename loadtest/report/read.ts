import { readFile } from "node:fs/promises";
import type { Result } from "../result.ts";
import { misfit, resultShape } from "./result_shape.ts";

/** A file that is no result, or not one of this format. The message is a sentence for people. */
export class UnreadableResult extends Error {}

/** The format that this version writes and reads. */
const FORMAT_VERSION = 1;

/**
 * Reads a `result.json`. Fields that this version does not know are let be.
 *
 * @throws UnreadableResult where there is no such file, or it is something else, or lacks a field.
 */
export async function readResult(file: string): Promise<Result> {
  const value = parse(file, await textOf(file));
  const version = misfit(value, { formatVersion: "number" }, "");
  if (version !== null) {
    throw new UnreadableResult(
      `${file} is not a load test's result.json: it has no formatVersion.`,
    );
  }
  const { formatVersion } = value as { formatVersion: number };
  if (formatVersion !== FORMAT_VERSION) {
    throw new UnreadableResult(
      `${file} has the format ${formatVersion}; this version of the load tester reads ${FORMAT_VERSION}.`,
    );
  }
  const lack = misfit(value, resultShape, "");
  if (lack !== null) throw new UnreadableResult(`${file} is not a whole result.json: ${lack}.`);
  return value as Result;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UnreadableResult(`${file} cannot be read: ${(error as Error).message}.`);
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableResult(`${file} is not a load test's result.json: it is not JSON.`);
  }
}
