import { Elysia } from "elysia";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { bearerRefusals, describe } from "./documentation.ts";
import {
  confirmBody,
  type FactorAddedAnswer,
  type FactorListAnswer,
  type RecoveryCodesAnswer,
  type TotpEnrolmentAnswer,
  totpConfirmBody,
} from "./factor_schemas.ts";
import type { FactorSettings } from "./factor_settings.ts";
import type { FactorSignInRouteParts } from "./factor_sign_in_routes.ts";
import type { Identifier } from "./identifier.ts";
import { json, passkeyJson } from "./request_body.ts";
import type { StepUp } from "./step_up.ts";
import { visitorOf } from "./visitor.ts";

export interface FactorRouteParts extends FactorSignInRouteParts {
  readonly factorSettings: FactorSettings;
  readonly stepUp: StepUp;
  readonly identifier: Identifier;
}

/** Routes for the factors of the account that is signed in, passkeys aside. */
export function factorRoutes(parts: FactorRouteParts) {
  const { factorSettings, stepUp, identifier, addressOf } = parts;
  return new Elysia({ prefix: "/auth" })
    .derive(({ request }) => ({ identity: identifier.byBearer(request) }))
    .get("/factors", ({ identity }): FactorListAnswer => factorSettings.list(identity), {
      detail: describe({
        summary: "List this account's factors",
        tag: "factors",
        success: [200, "FactorList"],
        refusals: bearerRefusals,
        bearer: true,
      }),
    })
    .post("/confirm/options", ({ identity }) => stepUp.passkeyOptions(identity), {
      parse: "none",
      detail: describe({
        summary: "Get what the browser needs to confirm by passkey",
        tag: "factors",
        success: [200, "PasskeyRequestOptions"],
        refusals: bearerRefusals,
        bearer: true,
      }),
    })
    .post(
      "/confirm",
      async ({ identity, body, request, set }) => {
        await stepUp.confirm(identity, body, visitorOf(request, addressOf(request)));
        set.status = 204;
      },
      {
        parse: passkeyJson,
        body: confirmBody,
        detail: describe({
          summary: "Prove again who it is, by password and code or by passkey, to change factors",
          tag: "factors",
          success: 204,
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ...bearerRefusals,
            ErrorCode.INVALID_CREDENTIALS,
            ErrorCode.SECOND_FACTOR_REQUIRED,
            ErrorCode.INVALID_CODE,
            ErrorCode.INVALID_CHALLENGE,
            ErrorCode.PASSKEY_REFUSED,
            ErrorCode.FACTOR_LOCKED,
            ErrorCode.RATE_LIMITED,
            ErrorCode.SIGN_IN_BUSY,
            ErrorCode.PASSWORDS_UNAVAILABLE,
          ],
          bearer: true,
        }),
      },
    )
    .post(
      "/factors/totp",
      ({ identity }): TotpEnrolmentAnswer => factorSettings.enrolTotp(identity),
      {
        parse: "none",
        detail: describe({
          summary: "Begin with one-time codes: get the secret, also as a QR code",
          tag: "factors",
          success: [200, "TotpEnrolment"],
          refusals: [
            ...bearerRefusals,
            ErrorCode.CONFIRMATION_REQUIRED,
            ErrorCode.FACTOR_EXISTS,
            ErrorCode.RATE_LIMITED,
          ],
          bearer: true,
        }),
      },
    )
    .post(
      "/factors/totp/confirm",
      ({ identity, body }): Promise<FactorAddedAnswer> =>
        factorSettings.confirmTotp(identity, body.enrolment, body.code),
      {
        parse: json,
        body: totpConfirmBody,
        detail: describe({
          summary: "Show by a first code that the app has the secret; from then on it counts",
          tag: "factors",
          success: [200, "FactorAdded"],
          refusals: [
            ErrorCode.INVALID_FRAME,
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.BODY_TOO_LARGE,
            ...bearerRefusals,
            ErrorCode.CONFIRMATION_REQUIRED,
            ErrorCode.INVALID_CHALLENGE,
            ErrorCode.INVALID_CODE,
            ErrorCode.FACTOR_EXISTS,
          ],
          bearer: true,
        }),
      },
    )
    .delete(
      "/factors/totp",
      async ({ identity, set }) => {
        await factorSettings.removeTotp(identity);
        set.status = 204;
      },
      {
        parse: "none",
        detail: describe({
          summary: "Do without one-time codes",
          tag: "factors",
          success: 204,
          refusals: [...bearerRefusals, ErrorCode.CONFIRMATION_REQUIRED, ErrorCode.NOT_FOUND],
          bearer: true,
        }),
      },
    )
    .post(
      "/factors/recovery-codes",
      async ({ identity }): Promise<RecoveryCodesAnswer> => ({
        recovery_codes: [...(await factorSettings.replaceRecoveryCodes(identity))],
      }),
      {
        parse: "none",
        detail: describe({
          summary: "Get new recovery codes in the place of all others",
          tag: "factors",
          success: [200, "RecoveryCodes"],
          refusals: [...bearerRefusals, ErrorCode.CONFIRMATION_REQUIRED, ErrorCode.NOT_FOUND],
          bearer: true,
        }),
      },
    );
}
