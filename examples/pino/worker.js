// A worker whose logged errors become events. Run it with SENTRY_DSN set; without, it logs the same and reports nothing.
// #region start
import { close, init, withRequestScope } from "@corvid/core";
import { handler } from "@corvid/pino";
import { pino } from "pino";

init();

const log = pino({ name: "worker", redact: ["iban"], hooks: handler({ eventIdKey: "event_id" }) });
// #endregion

async function transfer(job) {
  if (job.amount > 100) throw new RangeError(`The limit is 100, received ${job.amount}`);
}

// #region run
async function run(job) {
  const jobLog = log.child({ tenant: job.tenant });
  jobLog.info({ job: job.id }, "job taken");
  try {
    await transfer(job);
    jobLog.info("job done");
  } catch (error) {
    jobLog.error({ err: error, iban: job.iban }, "job %d failed", job.id);
  }
}
// #endregion

const jobs = [
  { id: 1, tenant: "acme", amount: 20, iban: "DE00 1234" },
  { id: 2, tenant: "globex", amount: 250, iban: "DE00 5678" },
];
for (const job of jobs) await withRequestScope(() => run(job));

log.error("queue %s is empty", "transfers");

await close();
