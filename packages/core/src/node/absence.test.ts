import { expect, test } from "vitest";
import { type AbsenceNotices, createAbsenceNotices } from "./absence.js";

type Env = Readonly<Record<string, string>>;

function saidBy(act: (notices: AbsenceNotices) => void, env: Env = {}, isTerminal = true): readonly string[] {
  const lines: string[] = [];
  act(createAbsenceNotices({ env, isTerminal: () => isTerminal, write: (line) => void lines.push(line) }));
  return lines.map((line) => /^\[corvid\] (.*) \(see /.exec(line)?.[1] ?? line);
}

const NO_DSN = (received: string): string =>
  `no DSN: expected the option dsn or the variable SENTRY_DSN, received ${received}; nothing is reported`;

test.each<[string, Parameters<AbsenceNotices["dsn"]>[0], Env, string]>([
  ["neither", {}, {}, NO_DSN("neither")],
  ["an undefined option", { dsn: undefined }, {}, NO_DSN("neither")],
  ["an empty option", { dsn: "" }, { SENTRY_DSN: "https://key@host/1" }, NO_DSN("an empty dsn")],
  ["an empty variable", {}, { SENTRY_DSN: " " }, NO_DSN("an empty SENTRY_DSN")],
])("absenceNotices.dsn() tells a developer of %s, once", (_what, options, env, line) => {
  const said = saidBy((notices) => [options, options].forEach(notices.dsn), env);

  expect(said).toEqual([line]);
});

test.each<[string, Env, boolean]>([
  ["in production", { NODE_ENV: "production" }, true],
  ["in tests", { NODE_ENV: "test" }, true],
  ["where stderr is no terminal", {}, false],
])("absenceNotices says nothing %s, and with debug all the same", (_where, env, isTerminal) => {
  const quiet = saidBy(
    (notices) => {
      notices.dsn({});
      notices.client("captureException");
    },
    env,
    isTerminal,
  );
  const debug = saidBy((notices) => notices.dsn({ debug: true }), env, isTerminal);

  expect({ quiet, debug }).toEqual({ quiet: [], debug: [NO_DSN("neither")] });
});

test("absenceNotices.dsn() takes dsn: false for an answer, and leaves a bad variable to its own warning", () => {
  const said = saidBy(
    (notices) => {
      notices.dsn({ dsn: false });
      notices.dsn({ debug: true });
    },
    { SENTRY_DSN: "https://host/1" },
  );

  expect(said).toEqual([]);
  expect(saidBy((notices) => notices.dsn({ dsn: false, debug: true }))).toEqual([
    "no DSN: expected a DSN, received dsn: false; nothing is reported",
  ]);
});

test("absenceNotices.client() tells a developer of the first capture without a client", () => {
  const said = saidBy((notices) => ["captureMessage", "captureException"].forEach(notices.client));

  expect(said).toEqual([
    "captureMessage was called without a client: expected init to be called before; nothing is reported",
  ]);
});
