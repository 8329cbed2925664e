import { type Action, type CloseCode, closes } from "../wire/codes.ts";

/**
 * What to do after a connection ended with this WebSocket close code. A code that is not in the
 * table is judged by its range, so that an older client obeys a newer server.
 */
export function closeAction(code: number): Action {
  if (code in closes) return closes[code as CloseCode].action;
  return code >= 4500 && code <= 4999 ? "stop" : "reconnect and resume";
}
