import type { DropReason } from "../../src/transport/drops.js";

const ALL: Record<DropReason, true> = {
  queue_overflow: true,
  cache_overflow: true,
  ratelimit_backoff: true,
  network_error: true,
  send_error: true,
  sample_rate: true,
  before_send: true,
  event_processor: true,
  internal_sdk_error: true,
  ignored: true,
};

/** Every reason there is: the compiler sees to it that none is missing. */
export const DROP_REASONS: readonly DropReason[] = Object.keys(ALL) as DropReason[];
