import { networkOf } from "./address.ts";
import { Allowance } from "./allowance.ts";
import type { AuthParts } from "./auth.ts";
import { Confirmations } from "./confirmations.ts";
import { FactorChecks } from "./factor_checks.ts";
import { openFactorSecrets } from "./factor_secrets.ts";
import { FactorSettings } from "./factor_settings.ts";
import { CHALLENGE_MS, FactorSignIns } from "./factor_sign_ins.ts";
import { relyingPartyOf } from "./relying_party.ts";
import type { SignIns } from "./sign_ins.ts";
import { StepUp } from "./step_up.ts";

/** Networks whose passkey sign-ins are counted: a few megabytes at the most. */
const NETWORKS = 16_384;

/** Everything that second factors need. */
export interface Factors {
  readonly factorSignIns: FactorSignIns;
  readonly factorSettings: FactorSettings;
  readonly stepUp: StepUp;
  readonly confirmations: Confirmations;
}

/** What second factors need of sign-in. */
export interface SignInHooks {
  readonly begin: SignIns["begin"];
  readonly checkPassword: SignIns["checkPassword"];
  readonly sessionEnded: (sessionId: string) => void;
}

/**
 * Opens the key of second factors, and loads the library of passkeys.
 *
 * @throws StoreFileError where `factors.key` cannot be used.
 */
export async function startFactors(parts: AuthParts, hooks: SignInHooks): Promise<Factors> {
  const { config, reads: accounts, factorReads: factors, run, log } = parts;
  const { now = Date.now, clockMs = () => performance.now() } = parts;
  const secrets = await openFactorSecrets(parts.dataFolder, factors);
  const party = relyingPartyOf(config);
  const { Passkeys } = await import("./passkeys.ts");
  const passkeys = new Passkeys(party, CHALLENGE_MS);
  const confirmations = new Confirmations(now);
  const checks = new FactorChecks({ reads: factors, run, secrets, passkeys, log, now });
  const { begin, checkPassword, sessionEnded } = hooks;
  const shared = { factors, checks, passkeys, confirmations, log, now };

  const burst = config.triesPerMinute;
  const networks = new Allowance({ burst, perHour: burst * 60, keys: NETWORKS }, clockMs);
  const admitPasskey = (address: string | undefined) =>
    networks.take(networkOf(address)) || parts.admitPasskey();

  const stepUp = new StepUp({ ...shared, run, checkPassword });
  return {
    confirmations,
    stepUp,
    factorSignIns: new FactorSignIns({ ...shared, accounts, begin, admitPasskey }),
    factorSettings: new FactorSettings({
      reads: factors,
      run,
      secrets,
      passkeys,
      stepUp,
      host: party.id,
      sessionEnded,
      log,
      now,
      clockMs,
    }),
  };
}
