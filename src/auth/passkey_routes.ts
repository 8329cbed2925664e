import { Elysia } from "elysia";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { bearerRefusals, describe } from "./documentation.ts";
import type { FactorRouteParts } from "./factor_routes.ts";
import { type FactorAddedAnswer, newPasskeyBody, passkeyNameBody } from "./factor_schemas.ts";
import { json, passkeyJson } from "./request_body.ts";

/** Routes for the passkeys of the account that is signed in. */
export function passkeyRoutes({ factorSettings, identifier, addressOf }: FactorRouteParts) {
  return new Elysia({ prefix: "/auth/factors/passkeys" })
    .derive(({ request }) => ({ identity: identifier.byBearer(request) }))
    .post("/options", ({ identity }) => factorSettings.registerPasskey(identity), {
      parse: "none",
      detail: describe({
        summary: "Get what the browser needs to make a passkey",
        tag: "factors",
        success: [200, "PasskeyCreationOptions"],
        refusals: [...bearerRefusals, ErrorCode.CONFIRMATION_REQUIRED, ErrorCode.TOO_MANY_FACTORS],
        bearer: true,
      }),
    })
    .post(
      "",
      async ({ identity, body, request, set }): Promise<FactorAddedAnswer> => {
        const { name, passkey } = body;
        const added = await factorSettings.addPasskey(identity, name, passkey, addressOf(request));
        set.status = 201;
        return added;
      },
      {
        parse: passkeyJson,
        body: newPasskeyBody,
        detail: describe({
          summary: "Keep the passkey that was made",
          tag: "factors",
          success: [201, "FactorAdded"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ...bearerRefusals,
            ErrorCode.CONFIRMATION_REQUIRED,
            ErrorCode.INVALID_CHALLENGE,
            ErrorCode.PASSKEY_REFUSED,
            ErrorCode.FACTOR_EXISTS,
            ErrorCode.TOO_MANY_FACTORS,
          ],
          bearer: true,
        }),
      },
    )
    .patch(
      "/:id",
      async ({ identity, params, body, set }) => {
        await factorSettings.renamePasskey(identity, params.id, body.name);
        set.status = 204;
      },
      {
        parse: json,
        body: passkeyNameBody,
        detail: describe({
          summary: "Rename a passkey",
          tag: "factors",
          success: 204,
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ...bearerRefusals,
            ErrorCode.NOT_FOUND,
          ],
          bearer: true,
        }),
      },
    )
    .delete(
      "/:id",
      async ({ identity, params, set }) => {
        await factorSettings.removePasskey(identity, params.id);
        set.status = 204;
      },
      {
        parse: "none",
        detail: describe({
          summary: "Remove a passkey",
          tag: "factors",
          success: 204,
          refusals: [...bearerRefusals, ErrorCode.CONFIRMATION_REQUIRED, ErrorCode.NOT_FOUND],
          bearer: true,
        }),
      },
    );
}
