/** Random, so that an attacker cannot construct a collision. */
const SEED = Math.floor(Math.random() * 2 ** 32);

/**
 * A text as a whole number of 53 bits, the same within a process: two of a thousand different texts meet once in some
 * ten thousand million processes. A number holds on to nothing, while a text that was put together from pieces of a
 * stack keeps that stack alive.
 */
export function keyHash(text: string): number {
  let low = SEED;
  let high = ~SEED;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
  }
  low = mixed(low) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = mixed(high) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}

/** Lets high bits come down: multiplication alone only carries low ones up. */
function mixed(half: number): number {
  return Math.imul(half ^ (half >>> 16), 0x85ebca6b);
}
