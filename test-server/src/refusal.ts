/** Why a request is not accepted, and the status that says so. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  /** @param detail - for people: what was wrong, and at which byte where that helps */
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}
