import { describe, expect, test } from "vitest";
import { TextArena, textAt } from "./text-arena.js";

describe("TextArena", () => {
  test("gives every text back as it was, however many boards they fill", () => {
    const arena = new TextArena();
    const texts = Array.from({ length: 2000 }, (_, n) => `${n} ${"häßlich 🐦 ".repeat(n % 60)}`);

    const places = texts.map((text) => arena.put(text));

    expect(places.map(textAt)).toEqual(texts);
    expect(new Set(places.map(({ board }) => board)).size).toBeGreaterThan(1);
  });

  test("puts a long text on a board of its own, which is no larger than the text", () => {
    const arena = new TextArena();
    const short = arena.put("short");
    const text = "€".repeat(300_000);

    const long = arena.put(text);

    expect(long.board.length).toBe(900_000);
    expect(textAt(long)).toBe(text);
    expect(arena.put("next").board).toBe(short.board);
  });

  test("does not begin a board with a piece of a text that did not fit", () => {
    const arena = new TextArena();
    const text = "x".repeat(30_000);

    const places = Array.from({ length: 20 }, () => arena.put(text));

    expect(places.every((place) => textAt(place) === text)).toBe(true);
  });

  test("uses the place of a text that was taken back, so that what is refused fills no boards", () => {
    const arena = new TextArena();
    const first = arena.put("first");
    for (let n = 0; n < 10_000; n++) arena.takeBack(arena.put("refused ".repeat(100)));

    const second = arena.put("second");

    expect(second.board).toBe(first.board);
    expect([first, second].map(textAt)).toEqual(["first", "second"]);
  });

  test("takes back only the last text", () => {
    const arena = new TextArena();
    const [first, second] = [arena.put("first"), arena.put("second")];

    arena.takeBack(first);
    arena.takeBack(arena.put("x".repeat(100_000)));

    expect([first, second, arena.put("third")].map(textAt)).toEqual(["first", "second", "third"]);
  });

  test("shares the place of a text that comes again, until it is taken back", () => {
    const arena = new TextArena();
    const places = ["a", "a", "b"].map((text) => arena.putShared(text));

    expect(places.map(textAt)).toEqual(["a", "a", "b"]);
    expect(places[1]).toBe(places[0]);
    arena.takeBack(places[2]!);
    arena.put("c");
    expect(textAt(arena.putShared("b"))).toBe("b");
  });

  test("takes an empty text", () => {
    expect(textAt(new TextArena().put(""))).toBe("");
  });
});
