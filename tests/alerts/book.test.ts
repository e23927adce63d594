import { describe, expect, test } from "bun:test";
import { Book, type Incident } from "../../src/alerts/book.ts";

const incident = (key: string, startsAt = 100): Incident => ({
  alert: "hot",
  key,
  severity: "warning",
  labels: {},
  annotations: {},
  summary: "",
  description: undefined,
  value: 1,
  startsAt,
  endsAt: undefined,
});

const owed = (book: Book): string[] =>
  book.owedTo("ops", 100).map(({ key, endsAt }) => (endsAt === undefined ? key : `${key} ended`));

describe("Book", () => {
  test("what ends before anybody heard is told once, as ended", () => {
    const book = new Book();
    book.fire(incident("a"), ["ops"]);
    book.resolve("hot", "a", 110);
    expect(owed(book)).toEqual(["a ended"]);
    book.delivered("ops", book.owedTo("ops", 1), 111);
    expect(book.store()).toEqual([]);
  });

  test("what ends while it is being told is told again, as ended", () => {
    const book = new Book();
    book.fire(incident("a"), ["ops"]);
    const told = book.owedTo("ops", 1);
    book.resolve("hot", "a", 110);
    book.delivered("ops", told, 111);
    expect(owed(book)).toEqual(["a ended"]);
  });

  test("what fires anew while its end is being told is told again, as firing", () => {
    const book = new Book();
    book.fire(incident("a"), ["ops"]);
    book.delivered("ops", book.owedTo("ops", 1), 101);
    book.resolve("hot", "a", 110);
    const told = book.owedTo("ops", 1);
    book.fire(incident("a", 120), ["ops"]);
    book.delivered("ops", told, 121);
    expect(owed(book)).toEqual(["a"]);
  });

  test("nobody hears of the end who never heard of the beginning", () => {
    const book = new Book();
    book.fire(incident("a"), []);
    book.resolve("hot", "a", 110);
    expect(book.store()).toEqual([]);
  });

  test("when there is no room what has ended goes first, and it is counted", () => {
    const book = new Book(2);
    book.fire(incident("a"), ["ops"]);
    book.fire(incident("b"), ["ops"]);
    book.resolve("hot", "b", 110);
    book.fire(incident("c"), ["ops"]);
    expect(owed(book)).toEqual(["a", "c"]);
    expect(book.dropped.get("ops")).toBe(1);
    book.fire(incident("d"), ["ops"]);
    expect(owed(book)).toEqual(["c", "d"]);
  });

  test("when there is no room what nobody is told of goes first, and what is critical last", () => {
    const book = new Book(2);
    book.fire({ ...incident("a"), severity: "critical" }, ["ops"]);
    book.fire(incident("b"), []);
    book.fire(incident("c"), ["ops"]);
    book.fire(incident("d"), []);
    expect(owed(book)).toEqual(["a", "c"]);
    expect(book.dropped.size).toBe(0);
    book.delivered("ops", book.owedTo("ops", 9), 101);
    book.fire(incident("e"), ["ops"]);
    expect(book.firing.map(({ key }) => key)).toEqual(["a", "e"]);
    // It heard that c fires, and will not hear of its end.
    expect(book.dropped.get("ops")).toBe(1);
  });

  test("when the clock was set back, it is said again in time, and nothing ends before it began", () => {
    const book = new Book();
    const notify = new Map([["ops", 60]]);
    book.fire(incident("a", 5_000), ["ops"]);
    book.delivered("ops", book.owedTo("ops", 1), 5_001);
    book.clockSet(1_000);
    book.look({ alert: "hot", key: "a" }, { now: 1_059, isSilenced: false, notify });
    expect(owed(book)).toEqual([]);
    book.look({ alert: "hot", key: "a" }, { now: 1_060, isSilenced: false, notify });
    expect(book.owedTo("ops", 1)).toMatchObject([{ key: "a", startsAt: 1_000 }]);
    // By less than what counts as set.
    book.resolve("hot", "a", 999);
    expect(book.owedTo("ops", 1)).toMatchObject([{ startsAt: 1_000, endsAt: 1_000 }]);
  });

  test("who refused is not told of the end, and is asked again under other settings", () => {
    const book = new Book();
    const look = { now: 200, isSilenced: false, notify: new Map([["ops", undefined]]) };
    book.fire(incident("a"), ["ops"]);
    book.fire(incident("b"), ["ops"]);
    book.drop("ops", book.owedTo("ops", 2), 150);
    book.look({ alert: "hot", key: "a" }, look);
    book.resolve("hot", "b", 110);
    expect(owed(book)).toEqual([]);
    book.keepNotifiers(new Set(["ops"]));
    book.look({ alert: "hot", key: "a" }, look);
    expect(owed(book)).toEqual(["a"]);
  });

  test("who refused is asked again: at the pace at which it hears, else within the hour", () => {
    const book = new Book();
    const look = (now: number, repeat: number | undefined): string[] => {
      const notify = new Map([["ops", repeat]]);
      book.look({ alert: "hot", key: "a" }, { now, isSilenced: false, notify });
      return owed(book);
    };
    book.fire(incident("a"), ["ops"]);
    book.drop("ops", book.owedTo("ops", 1), 100);
    expect(look(3_699, undefined)).toEqual([]);
    expect(look(3_700, undefined)).toEqual(["a"]);
    book.drop("ops", book.owedTo("ops", 1), 3_700);
    expect(look(3_759, 60)).toEqual([]);
    expect(look(3_760, 60)).toEqual(["a"]);
    book.delivered("ops", book.owedTo("ops", 1), 3_760);
    expect(look(99_999, undefined)).toEqual([]);
    book.resolve("hot", "a", 100_000);
    expect(owed(book)).toEqual(["a ended"]);
  });

  test("what ends while it is refused once more is told to whoever had heard of it", () => {
    const book = new Book();
    book.fire(incident("a"), ["ops"]);
    book.delivered("ops", book.owedTo("ops", 1), 101);
    const notify = new Map([["ops", 60]]);
    book.look({ alert: "hot", key: "a" }, { now: 200, isSilenced: false, notify });
    const said = book.owedTo("ops", 1);
    book.resolve("hot", "a", 201);
    book.drop("ops", said, 202);
    expect(owed(book)).toEqual(["a ended"]);
  });

  test("a notifier that is gone is owed nothing", () => {
    const book = new Book();
    book.fire(incident("a"), ["ops", "gone"]);
    book.keepNotifiers(new Set(["ops"]));
    expect(book.waiting("gone")).toBe(0);
    expect(book.waiting("ops")).toBe(1);
  });

  test("what is kept comes back the same", () => {
    const book = new Book();
    book.fire(incident("a"), ["ops"]);
    book.drop("ops", book.owedTo("ops", 1), 101);
    book.fire(incident("b"), ["ops"]);
    const again = new Book();
    again.restore(JSON.parse(JSON.stringify(book.store())) as ReturnType<Book["store"]>);
    expect(again.store()).toEqual(book.store());
    // What was refused is not asked for again yet.
    const look = { now: 160, isSilenced: false, notify: new Map([["ops", 60]]) };
    again.look({ alert: "hot", key: "a" }, look);
    expect(owed(again)).toEqual(["b"]);
  });
});
