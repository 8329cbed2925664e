/** What a run does that no flag says. */
export interface Behaviour {
  /** Which channels a user may be in: all of them, or the one of its pair. */
  readonly rooms: "shared" | "pairs";
  /** How many channels a user in none joins: at least, at most. */
  readonly joinsAtFirst: { readonly min: number; readonly max: number };
  /** Everybody is cut off at once in the middle of the plateau. */
  readonly cutsOff: boolean;
}

/** The parameters that a profile sets; a flag overrides each. */
export interface ProfileParameters {
  readonly users: number;
  readonly actions: number;
  readonly connectEverySeconds: number;
  readonly startAfterSeconds: number;
  readonly betweenSeconds: number;
  readonly mix: { readonly send: number; readonly join: number; readonly leave: number };
  readonly channels: number;
  readonly bodyWords: { readonly min: number; readonly max: number };
  readonly holdUntilConnected: boolean;
}

export interface Profile {
  /** One line for --help. */
  readonly summary: string;
  readonly parameters: ProfileParameters;
  readonly behaviour: Behaviour;
}

/** The workload that the earlier server was measured with: see docs/LOADTEST.md. */
const standard: Profile = {
  summary: "the standard workload: ramp up with sign-in, plateau, tailing off",
  parameters: {
    users: 250,
    actions: 40,
    connectEverySeconds: 0.25,
    startAfterSeconds: 0,
    betweenSeconds: 6,
    mix: { send: 94, join: 3, leave: 3 },
    channels: 10,
    bodyWords: { min: 1, max: 10 },
    holdUntilConnected: false,
  },
  behaviour: { rooms: "shared", joinsAtFirst: { min: 2, max: 6 }, cutsOff: false },
};

const onlySending = { send: 100, join: 0, leave: 0 };

/** Every profile there is, by name. */
export const profiles = {
  standard,
  "no-sign-in": {
    ...standard,
    summary: "the standard workload, everybody idle until the last has connected",
    parameters: { ...standard.parameters, holdUntilConnected: true },
  },
  storm: {
    ...standard,
    summary: "everybody signs in at once",
    parameters: { ...standard.parameters, connectEverySeconds: 0 },
  },
  direct: {
    ...standard,
    summary: "pairs talking in channels of two: tiny fan-out, many messages",
    parameters: {
      ...standard.parameters,
      users: 400,
      actions: 600,
      connectEverySeconds: 0.02,
      betweenSeconds: 0.1,
      mix: onlySending,
      channels: 200,
      holdUntilConnected: true,
    },
    behaviour: { rooms: "pairs", joinsAtFirst: { min: 1, max: 1 }, cutsOff: false },
  },
  "one-room": {
    ...standard,
    summary: "everybody in one channel: the widest fan-out",
    parameters: { ...standard.parameters, channels: 1, mix: onlySending },
    behaviour: { ...standard.behaviour, joinsAtFirst: { min: 1, max: 1 } },
  },
  reconnect: {
    ...standard,
    summary: "everybody is cut off at once in mid-run, comes back and resumes",
    parameters: { ...standard.parameters, holdUntilConnected: true, actions: 20 },
    behaviour: { ...standard.behaviour, cutsOff: true },
  },
  idle: {
    ...standard,
    summary: "everybody connected, in ten channels and silent: memory per connection",
    parameters: {
      ...standard.parameters,
      users: 1000,
      actions: 0,
      connectEverySeconds: 0.03,
      startAfterSeconds: 20,
      holdUntilConnected: true,
    },
    behaviour: { ...standard.behaviour, joinsAtFirst: { min: 10, max: 10 } },
  },
  soak: {
    ...standard,
    summary: "the standard workload for two hours",
    parameters: { ...standard.parameters, actions: 1200 },
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;

export const profileNames = Object.keys(profiles) as ProfileName[];

/** The profile of that name, which must be one of `profileNames`. */
export function profileOf(name: string): Profile {
  const profile: Profile | undefined = profiles[name as ProfileName];
  if (profile === undefined) throw new Error(`loadtest/profiles: no profile ${name}`);
  return profile;
}
