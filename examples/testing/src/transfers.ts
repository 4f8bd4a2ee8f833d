import { addBreadcrumb, captureException, type Event, withScope } from "@corvid/core";

export interface Transfer {
  readonly id: number;
  readonly iban: string;
  readonly amount: number;
}

const LIMIT = 100;

/** Books what can be booked; the rest is reported, and left for someone to look at. */
export async function bookAll(transfers: readonly Transfer[]): Promise<number> {
  let booked = 0;
  for (const transfer of transfers) {
    try {
      await book(transfer);
      booked++;
    } catch (error) {
      withScope((scope) => {
        scope.setTag("transfer", transfer.id).setUser({ id: "clerk-1" });
        captureException(error, { extra: { transfer } });
      });
    }
  }
  return booked;
}

/** For `beforeSend`: account numbers are nobody's business. */
export function withoutIban(event: Event): Event {
  const { transfer } = event.extra ?? {};
  if (typeof transfer !== "object" || transfer === null || Array.isArray(transfer)) return event;
  return { ...event, extra: { ...event.extra, transfer: { ...transfer, iban: "[Redacted]" } } };
}

async function book({ id, amount }: Transfer): Promise<void> {
  addBreadcrumb({ category: "transfers", message: `booking ${id}` });
  if (amount > LIMIT) throw new RangeError(`The limit is ${LIMIT}, received ${amount}`);
}
