import { describe, expect, test } from "vitest";
import { Shelf, textAt } from "./text-arena.js";

describe("Shelf", () => {
  test("gives every text back as it was, however many boards they fill", () => {
    const shelf = new Shelf();
    const texts = Array.from({ length: 2000 }, (_, n) => `${n} ${"häßlich 🐦 ".repeat(n % 60)}`);

    const places = texts.map((text) => shelf.put(text));

    expect(places.map(textAt)).toEqual(texts);
    expect(new Set(places.map(({ board }) => board)).size).toBeGreaterThan(1);
  });

  test("puts a long text on a board of its own, which is no larger than the text", () => {
    const shelf = new Shelf();
    const short = shelf.put("short");
    const text = "€".repeat(300_000);

    const long = shelf.put(text);

    expect(long.board.length).toBe(900_000);
    expect(textAt(long)).toBe(text);
    expect(shelf.put("next").board).toBe(short.board);
  });

  test("does not begin a board with a piece of a text that did not fit", () => {
    const shelf = new Shelf();
    const text = "x".repeat(30_000);

    const places = Array.from({ length: 20 }, () => shelf.put(text));

    expect(places.every((place) => textAt(place) === text)).toBe(true);
  });

  test("uses the place of a text that was taken back, so that what is refused fills no boards", () => {
    const shelf = new Shelf();
    const first = shelf.put("first");
    for (let n = 0; n < 10_000; n++) shelf.takeBack(shelf.put("refused ".repeat(100)));

    const second = shelf.put("second");

    expect(second.board).toBe(first.board);
    expect([first, second].map(textAt)).toEqual(["first", "second"]);
  });

  test("takes back only the last text", () => {
    const shelf = new Shelf();
    const [first, second] = [shelf.put("first"), shelf.put("second")];

    shelf.takeBack(first);
    shelf.takeBack(shelf.put("x".repeat(100_000)));

    expect([first, second, shelf.put("third")].map(textAt)).toEqual(["first", "second", "third"]);
  });

  test("shares the place of a text that comes again, until it is taken back", () => {
    const shelf = new Shelf();
    const places = ["a", "a", "b"].map((text) => shelf.putShared(text));

    expect(places.map(textAt)).toEqual(["a", "a", "b"]);
    expect(places[1]).toBe(places[0]);
    shelf.takeBack(places[2]!);
    shelf.put("c");
    expect(textAt(shelf.putShared("b"))).toBe("b");
  });

  test("takes an empty text", () => {
    expect(textAt(new Shelf().put(""))).toBe("");
  });
});
