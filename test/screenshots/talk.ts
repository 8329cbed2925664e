/** What is said in the pictures: by whom, and what. */
export type Line = readonly [author: string, body: string];

/** The account whose page is shown. */
export const READER = "ada";

export const others = ["barbara", "edsger", "grace", "radia"] as const;

/** The channel that is shown. */
export const general: readonly Line[] = [
  ["grace", "Good morning! The new backup plan ran for the first time last night."],
  ["grace", "Six hours apart, fourteen kept. The folder holds 480 MB now."],
  ["edsger", "And did anybody restore one? A backup that nobody has restored is a hope."],
  [READER, "I did, into an empty folder: `bun hubbub restore /backups/latest.db`. Two seconds."],
  [READER, "Everybody's page noticed and went on by itself."],
  ["radia", "Here is what I would put into the runbook:"],
  [
    "radia",
    "```\nbun hubbub backup --check /backups/latest.db\nbun hubbub restore /backups/latest.db\ncurl -s localhost:4000/readyz\n```",
  ],
  ["barbara", "Looks right. The keys are copied apart, aren't they?"],
  ["radia", "They are: see https://example.org/runbook/keys"],
  ["edsger", "Then I have nothing to complain about before lunch. Write it down."],
];

/** What was said elsewhere since, and was not read yet. */
export const elsewhere: Readonly<Record<string, readonly Line[]>> = {
  deploys: [
    ["radia", "0.1.0 is out on the second machine."],
    ["radia", "Readiness after 0.4 seconds, all clients came back."],
  ],
  kitchen: [["barbara", "There is cake."]],
  "reading-club": [],
};

/** Said last, while the pictures are taken. */
export const last: Line = ["grace", "Done, it is on the wiki. Thank you all!"];
