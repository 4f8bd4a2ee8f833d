import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { append, type BreadcrumbList, crumbsOf, EMPTY_TRAIL, trailOf } from "./breadcrumbs.js";

const add = (trail: BreadcrumbList, text: string, max: number): BreadcrumbList =>
  append(trail, { message: text }, max);
const texts = (trail: BreadcrumbList): (string | undefined)[] =>
  crumbsOf(trail).map(({ message }) => message);

describe("append()", () => {
  test("keeps the last ones, oldest first", () => {
    let trail = EMPTY_TRAIL;
    for (let n = 1; n <= 250; n++) trail = add(trail, `${n}`, 3);

    expect(texts(trail)).toEqual(["248", "249", "250"]);
  });

  test("keeps none when none are wanted", () => {
    expect(texts(add(EMPTY_TRAIL, "a", 0))).toEqual([]);
  });

  test("leaves earlier views and forks alone, whatever is added where", () => {
    const step = fc.record({ from: fc.nat(), text: fc.string() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.integer({ min: 1, max: 20 }), (steps, max) => {
        const trails: BreadcrumbList[] = [EMPTY_TRAIL];
        const models: string[][] = [[]];
        for (const { from, text } of steps) {
          const source = from % trails.length;
          trails.push(add(trails[source]!, text, max));
          models.push([...models[source]!, text].slice(-max));
        }

        expect(trails.map(texts)).toEqual(models);
        expect(trails.map(({ bytes }) => bytes)).toEqual(
          trails.map((trail) => trailOf(crumbsOf(trail)).bytes),
        );
      }),
    );
  });

  test("holds no more than about twice of what it keeps", () => {
    let trail = EMPTY_TRAIL;
    for (let n = 0; n < 10_000; n++) {
      trail = add(trail, `${n}`, 100);
      expect(trail.items.length).toBeLessThanOrEqual(217);
    }
  });
});
