import { openapi } from "@elysiajs/openapi";
import { type DocumentDecoration, Elysia } from "elysia";
import swaggerStyle from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import swaggerScript from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import packageFile from "../../package.json" with { type: "json" };
import { errorEntry, errorName } from "../wire/codes.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { answerSchemas } from "./schemas.ts";

/** What any route may answer with. */
const commonRefusals = [
  ErrorCode.ORIGIN_REFUSED,
  ErrorCode.STORE_UNAVAILABLE,
  ErrorCode.INTERNAL,
] as const;

/** What any route that takes an access token may say of it. */
export const bearerRefusals = [ErrorCode.INVALID_TOKEN, ErrorCode.ACCOUNT_DISABLED] as const;

// As plain objects, because TypeBox's `required?: string[] | undefined` is not to the plugin's liking.
const schemas: Readonly<Record<string, object>> = answerSchemas;

/** Where the page's own parts are: here and not with a third party, so that it also works offline. */
const PAGE_SCRIPT = "/openapi/swagger-ui.js";
const PAGE_STYLE = "/openapi/swagger-ui.css";

/** The routes `/openapi`, for people, and `/openapi/json`, for programs. */
export function documentation() {
  return new Elysia()
    .get(PAGE_SCRIPT, () => Bun.file(swaggerScript), { detail: { hide: true } })
    .get(PAGE_STYLE, () => Bun.file(swaggerStyle), { detail: { hide: true } })
    .use(description());
}

function description() {
  return openapi({
    provider: "swagger-ui",
    swagger: { cdn: PAGE_SCRIPT, theme: PAGE_STYLE },
    documentation: {
      info: {
        title: "Hubbub",
        version: packageFile.version,
        description:
          "Sign-in for the chat at `/ws`, whose own protocol is told in docs/PROTOCOL.md. Every refusal has the same body, with a stable code.",
      },
      tags: [
        { name: "sign in", description: "Accounts, tokens and tickets" },
        { name: "account", description: "The account that is signed in, and its sessions" },
        { name: "factors", description: "One-time codes, recovery codes and passkeys" },
        { name: "operation", description: "For those who run the server" },
      ],
      components: {
        schemas,
        securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      },
    },
  });
}

interface RouteDescription {
  readonly summary: string;
  readonly tag: "sign in" | "account" | "factors" | "operation";
  /** The status of success, and the schema of its body where there is one. */
  readonly success: readonly [status: 200 | 201, schema: keyof typeof answerSchemas] | 204;
  /** The codes this route may refuse with, besides those that any may. */
  readonly refusals: readonly ErrorCode[];
  /** Whether it needs an access token. */
  readonly bearer: boolean;
  /** Whether a 401 may say how to go on with a second factor. */
  readonly leadsToFactor?: boolean;
}

/** A route's part of the document. */
export function describe(route: RouteDescription): DocumentDecoration {
  const { summary, tag, success, refusals, bearer, leadsToFactor = false } = route;
  const [status, schema] = success === 204 ? [204, undefined] : success;
  return {
    summary,
    tags: [tag],
    security: bearer ? [{ bearer: [] }] : [],
    responses: {
      [status]: schema === undefined ? { description: "Done" } : answer("Done", schema),
      ...refusalAnswers([...refusals, ...commonRefusals], leadsToFactor),
    },
  };
}

function refusalAnswers(codes: readonly ErrorCode[], leadsToFactor: boolean) {
  const byStatus = Map.groupBy(codes, (code) => errorEntry(code).status);
  return Object.fromEntries(
    [...byStatus].map(([status, sharing]) => {
      const lines = sharing.map((code) => `\`${errorName(code)}\`: ${errorEntry(code).text}`);
      const schema = leadsToFactor && status === 401 ? "TokenRefusal" : "Error";
      return [status, answer(lines.join("\n\n"), schema)];
    }),
  );
}

function answer(description: string, schema: keyof typeof answerSchemas) {
  return {
    description,
    content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}
