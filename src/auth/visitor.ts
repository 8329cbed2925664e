const LONGEST_LABEL_CHARACTERS = 100;

/** Where a request comes from. */
export interface Visitor {
  /** The client's IP address, where it is known. */
  readonly address: string | undefined;
  /** What the user may know the device by. */
  readonly label: string;
  /** The device marker that it presented, as it came. */
  readonly device: string | undefined;
  /** Aborted when the client has hung up. */
  readonly signal: AbortSignal | undefined;
}

/** Who sent the request. */
export function visitorOf(request: Request, address: string | undefined, device?: string): Visitor {
  const agent = request.headers.get("user-agent")?.trim() ?? "";
  const label = agent.slice(0, LONGEST_LABEL_CHARACTERS) || "unknown device";
  return { address, label, device, signal: request.signal };
}
