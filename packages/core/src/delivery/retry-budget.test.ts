import { expect, test } from "vitest";
import { pauseAfter, RetryBudget } from "./retry-budget.js";

test("RetryBudget.failed() counts a silence only when others were answered meanwhile", () => {
  const trials = new RetryBudget();
  const trial = trials.begin();
  expect(trials.failed(trial, "network_error", false)).toBe(false);

  trials.answered("refused");
  expect(trials.failed(trial, "network_error", false)).toBe(true);
  expect(trial).toMatchObject({ tries: 1, failures: 1 });
});

test("RetryBudget.failed() holds against what is on disk only that others were taken", () => {
  const trials = new RetryBudget();
  const trial = trials.begin();
  trials.answered("refused");
  expect(trials.failed(trial, "send_error", true)).toBe(true);
  expect(trial).toMatchObject({ tries: 1, failures: 0 });

  trials.answered("accepted");
  trials.failed(trial, "send_error", true);
  expect(trial).toMatchObject({ tries: 2, failures: 1 });
});

test("RetryBudget.started() forgets what was answered before the first try", () => {
  const trials = new RetryBudget();
  const trial = trials.begin();
  trials.answered("accepted");
  trials.started(trial);

  expect(trials.failed(trial, "network_error", false)).toBe(false);
});

test("pauseAfter() grows, is a minute at most for what is on disk, and heeds what was asked for", () => {
  const trial = { ...new RetryBudget().begin(), tries: 9 };

  expect(pauseAfter(trial, undefined, false, 1)).toEqual({ patientMs: 250 * 2.7 ** 8, soonMs: 64_000 });
  expect(pauseAfter(trial, undefined, true, 1)).toEqual({ patientMs: 60_000, soonMs: 60_000 });
  expect(pauseAfter(trial, 90_000, true, 1)).toEqual({ patientMs: 90_000, soonMs: 60_000 });
});
