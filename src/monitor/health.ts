/** `/healthz`: whoever gets this answer knows that the event loop turns. */
export function liveness(): Response {
  return Response.json({ alive: true });
}

/** `/readyz`: whether messages are taken, and why not. 200, or 503 for a load balancer to see. */
export function readiness(isStopping: boolean, isStoreAvailable: boolean): Response {
  const reasons = [
    ...(isStopping ? ["the server is stopping"] : []),
    ...(isStoreAvailable ? [] : ["the disk refuses writes"]),
  ];
  const ready = reasons.length === 0;
  return Response.json({ ready, reasons }, { status: ready ? 200 : 503 });
}
