// A service whose failing methods become events. Run it with SENTRY_DSN set; without, it works the same and reports nothing.
import { close, init, lastEventId } from "@corvid/core";
import { captureExceptions } from "@corvid/decorators";

init();

interface Order {
  readonly id: number;
  readonly total: number;
}

// #region service
@captureExceptions({ tags: { service: "orders" } })
class OrderService {
  readonly #orders = new Map<number, Order>([[7, { id: 7, total: -1 }]]);

  async find(id: number): Promise<Order> {
    const order = this.#orders.get(id);
    if (order === undefined) throw new Error(`No order ${id}`);
    return order;
  }

  @captureExceptions({ level: "fatal", tags: { team: "billing" } })
  async pay(id: number): Promise<void> {
    const { total } = await this.find(id);
    if (total < 0) throw new RangeError(`Order ${id} has a negative total`);
  }
}
// #endregion

const service = new OrderService();
for (const id of [7, 8]) {
  try {
    await service.pay(id);
  } catch (error) {
    console.log(JSON.stringify({ eventId: lastEventId(), failed: (error as Error).message }));
  }
}

await close();
