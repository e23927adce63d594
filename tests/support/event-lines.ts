import fc from "fast-check";

/** Raw JSON strings, quotes included, and things that are nearly such. */
const NAMES = [
  '"cpu"',
  '"cpu"',
  '"mem.free"',
  '"a"',
  '"ab"',
  '"abc"',
  '"abcd"',
  '"abcde"',
  '"__proto__"',
  '"constructor"',
  '"a\\\\b"', // a, backslash, b
  '"a\\b"', // a, backspace; the raw bytes of the name before
  '"a\\\\"', // ends in a backslash
  '"a\\"b"', // a quote within
  '"a\\tb"',
  '"a\tb"', // a raw control character: no JSON
  '"\\u0063pu"', // cpu
  '"caf\u00e9"',
  '"cafe\u0301"',
  '"\u0442\u0435\u043c\u043f\u0435\u0440\u0430\u0442\u0443\u0440\u0430"',
  '"\ud83d\ude80"',
  '"\\ud83d\\ude80"',
  '"\\ud83d"', // a lone surrogate
  '"\\u0000"',
  '"\\ufeffcpu"',
  '"\ufeffcpu"',
  '"aggregator.own"',
  '"aggregator."',
  '"aggregato"',
  '""',
  `"${"n".repeat(47)}"`,
  `"${"n".repeat(48)}"`,
  `"${"n".repeat(49)}"`,
  `"${"n".repeat(511)}"`,
  `"${"n".repeat(512)}"`,
  `"${"n".repeat(513)}"`,
  `"${"\u00e9".repeat(256)}"`,
  `"${"\u00e9".repeat(256)}e"`,
  "null",
  "7",
  "cpu",
  "'cpu'",
];

const NUMBERS = [
  "0",
  "-0",
  "0.0",
  "-0.0",
  "-0e5",
  "00",
  "01",
  "-01",
  "01.5",
  "00.5",
  "1.",
  ".5",
  "-",
  "-.5",
  "+1",
  "1e5",
  "1E5",
  "1e+5",
  "1e-5",
  "1e",
  "1e+",
  "1.5e3",
  "12.5E-3",
  "1.e5",
  "0.1",
  "0.25",
  "12.34",
  "999.999",
  "1000.5",
  "0.0001",
  "123456789",
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "90071992547409931",
  "0.12345678901234567",
  "1234567.8901234567",
  "3.141592653589793238462643",
  `0.${"0".repeat(30)}1`,
  `1${"0".repeat(400)}`,
  `0.${"3".repeat(400)}`,
  `${"9".repeat(308)}`,
  "1e999",
  "-1e999",
  "1e-999",
  "5e-324",
  "2.4703282292062327e-324",
  "1.7976931348623157e308",
  "1.7976931348623159e308",
  "NaN",
  "Infinity",
  "true",
  "null",
  '"5"',
  "[1]",
  "{}",
  "0x10",
  "1_000",
  "1 2",
  "--1",
];

const TIMES = [
  "1700000000",
  "1700000059",
  "1700000060",
  "1700000039.9999998",
  "1700000000.5",
  "1700000000.123456",
  "1700000000.1234567",
  "1700000000.",
  "1700000000.0000001",
  "1700000000e0",
  "1.7e9",
  "17e8",
  "1700000000E0",
  "1700000000.5e0",
  "1799999999",
  "4294967199.999999",
  "4294967200",
  "4294967295.000001",
  "9999999999",
  "7258118400",
  "7258118400.000001",
  "-2208988800",
  "-2208988800.000001",
  "0",
  "-1.5",
  "-0",
  "0700000000",
  "1700000000000",
  "1700000000123.456",
  "1700000000123456",
  "1700000000123456789",
  "4700000000123456789",
  '"1700000000"',
  "null",
  "17000000001",
  "170000000",
];

const FUNCTIONS = [
  '"sum"',
  '"avg"',
  '"min"',
  '"max"',
  '"count"',
  '"p\\\\9"',
  '"p\\9"',
  '"SUM"',
  '"su"',
  '"summ"',
  '"s\\u0075m"',
  "null",
  '""',
  "7",
  '"\0\0\0\0',
  '"\u043c"',
];

const IDS = [
  '"a-1"',
  "7",
  "-7",
  "123456789012345",
  "9007199254740993",
  `"${"i".repeat(512)}"`,
  `"${"i".repeat(513)}"`,
  '"7"',
  "7.0",
  "1e3",
  "-0",
  "null",
  '""',
  "1e999",
  "true",
  '"\\u0000"',
];

const LABELS = [
  "{}",
  "null",
  '{"zone":"a"}',
  '{"zone": "a", "room":"b\u00e9"}',
  '{"zone":"a","zone":"b"}',
  '{"zone":"a",}',
  '{"zone" :"a"}',
  `{"zone":"${"z".repeat(512)}"}`,
  `{"zone":"${"z".repeat(513)}"}`,
  '{"zone":""}',
  '{"":"a"}',
  '{"zone":7}',
  '{"__proto__":"a"}',
  '{"__proto__":7}',
  "[]",
  '"x"',
  '{"zone":"\\ud800"}',
  `{${Array.from({ length: 64 }, (_, i) => `"l${i}":"v"`).join(",")}}`,
  `{${Array.from({ length: 65 }, (_, i) => `"l${i}":"v"`).join(",")}}`,
];

const EXTRAS = [
  '"host":"a"',
  '"host": "\u20ac\ud83d\ude80"',
  '"size":-12.5',
  '"size":01',
  '"size":1e999',
  '"is":true',
  '"a\tb":"c"',
  '"nested":{"name":"x","value":[1,{"value":2}]}',
  '"Name":"x"',
  '"names":"x"',
  '"__proto__":{"value":99}',
  '"":0',
  '"n\\u0061me":"other"',
  '"v\\u0061lue":3',
];

const decimal = fc
  .tuple(fc.constantFrom("", "-"), fc.nat(99_999), fc.stringMatching(/^\d{0,20}$/))
  .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}`);
const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
const anyTime = fc
  .tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.stringMatching(/^\d{0,8}$/))
  .map(([whole, fraction]) => `${whole}${fraction === "" ? "" : `.${fraction}`}`);

/** Mostly what is usual, so that enough lines are events. */
function value(often: fc.Arbitrary<string>, odd: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: often, weight: 6 },
    { arbitrary: fc.constantFrom(...odd), weight: 1 },
  );
}

/** What stands before and behind the colon where producers are careless. */
const LOOSE = ["", "", " ", "  ", "\t", "\r"];

/** A field by its parts: key, raw value, and what stands around the colon of a careless producer. */
type Field = readonly [key: string, raw: string, before: string, after: string];

function field(key: string, text: fc.Arbitrary<string>): fc.Arbitrary<Field> {
  const loose = fc.constantFrom(...LOOSE);
  return fc.tuple(fc.constant(`"${key}"`), text, loose, loose);
}

const usualName = fc.oneof(
  fc.constantFrom('"cpu"', '"mem.free"'),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).map((text) => JSON.stringify(text)),
);
const closeTime = fc.integer({ min: 0, max: 300_000 }).map((n) => `${1_700_000_000 + n / 1_000}`);
const usual = {
  name: field("name", value(usualName, NAMES)),
  value: field("value", value(fc.oneof(decimal, anyDouble), NUMBERS)),
  time: field("timestamp", value(fc.oneof(anyTime, closeTime), TIMES)),
  fn: field("agg_func", value(fc.constantFrom('"sum"', '"avg"'), FUNCTIONS)),
};
const needed = fc.tuple(usual.name, usual.value, usual.time);
const known = fc.oneof(usual.fn, usual.fn, usual.name, usual.value, usual.time);
const extra = fc.constantFrom(...EXTRAS).map((text): Field => {
  const colon = text.indexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1), "", ""];
});
const other = fc.oneof(
  known,
  field("id", fc.constantFrom(...IDS)),
  field("labels", fc.constantFrom(...LABELS)),
  extra,
);

function inAnyOrder(fields: readonly Field[], keys: Iterator<number>): Field[] {
  return fields
    .map((one) => ({ one, at: keys.next().value as number })) // the stream has no end
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

/** The line of a usual producer, whose values may be odd: most of it is for the fast road. */
const tidy: fc.Arbitrary<string> = fc
  .record({
    needed,
    others: fc.array(fc.oneof({ arbitrary: known, weight: 3 }, { arbitrary: other, weight: 1 }), {
      maxLength: 2,
    }),
    drop: fc.integer({ min: 0, max: 60 }),
    keys: fc.infiniteStream(fc.nat(1_000)),
    colon: fc.constantFrom(":", ": "),
    comma: fc.constantFrom(",", ", "),
    end: fc.constantFrom("", "", "", "\r"),
  })
  .map(({ needed: all, others, drop, keys, colon, comma, end }) => {
    const fields = inAnyOrder([...all.filter((_, i) => i !== drop), ...others], keys);
    return `{${fields.map(([key, raw]) => key + colon + raw).join(comma)}}${end}`;
  });

/** The line of a careless one: spaces, fields of every kind, junk around it. */
const careless: fc.Arbitrary<string> = fc
  .record({
    needed,
    others: fc.array(other, { maxLength: 3 }),
    keys: fc.infiniteStream(fc.nat(1_000)),
    comma: fc.constantFrom(",", ",", ",", ", ", ",  ", " ,", ",\t", ",,", " "),
    behind: fc.constantFrom("", "", "", "", "", "", " ", "\r", "\t \r", "x", ",", "}"),
    front: fc.constantFrom("", "", "", "", "", "", "", " ", "\t", "\ufeff", "["),
  })
  .map(({ needed: all, others, keys, comma, behind, front }) => {
    const fields = inAnyOrder([...all, ...others], keys);
    const texts = fields.map(([key, raw, before, after]) => `${key}${before}:${after}${raw}`);
    return `${front}{${texts.join(comma)}}${behind}`;
  });

const object = fc.oneof({ arbitrary: tidy, weight: 3 }, { arbitrary: careless, weight: 1 });

const HOSTILE = [
  0, 10, 13, 32, 34, 44, 45, 46, 48, 57, 58, 92, 101, 123, 125, 0x80, 0xff, 0xed, 0xf0,
];

/** What befell the bytes of a line on their way. */
const damage = fc.array(
  fc.record({
    kind: fc.constantFrom<"replace" | "insert" | "remove" | "cut">(
      "replace",
      "insert",
      "remove",
      "cut",
    ),
    at: fc.nat(1_000),
    byte: fc.oneof(fc.constantFrom(...HOSTILE), fc.nat(255)),
  }),
  { maxLength: 2 },
);

function damaged(bytes: Buffer, steps: readonly { kind: string; at: number; byte: number }[]) {
  let result = [...bytes];
  for (const { kind, at, byte } of steps) {
    const place = at % (result.length + 1);
    if (kind === "replace") result[place] = byte;
    else if (kind === "insert") result.splice(place, 0, byte);
    else if (kind === "remove") result.splice(place, 1);
    else result = result.slice(0, place);
  }
  return Buffer.from(result);
}

const BROKEN = [
  "",
  "",
  " ",
  "\r",
  "\t\r",
  "null",
  "[]",
  "7",
  '"x"',
  "{}",
  "plain",
  "{",
  "}",
  "\0",
  "\ufeff",
];

const line: fc.Arbitrary<Buffer> = fc.oneof(
  { arbitrary: object.map((text) => Buffer.from(text)), weight: 6 },
  {
    arbitrary: fc
      .tuple(
        object.map((t) => Buffer.from(t)),
        damage,
      )
      .map(([b, d]) => damaged(b, d)),
    weight: 2,
  },
  { arbitrary: fc.constantFrom(...BROKEN).map((text) => Buffer.from(text)), weight: 1 },
);

/** NDJSON of valid and broken lines; the last line may lack its line feed. */
export function ndjson(linesMax: number): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      fc.array(line, { minLength: 1, maxLength: linesMax }),
      fc.constantFrom("\n", "\n", "\r\n", ""),
    )
    .map(([lines, last]) =>
      Buffer.concat(
        lines.flatMap((bytes, i) => [bytes, Buffer.from(i === lines.length - 1 ? last : "\n")]),
      ),
    );
}

/** Bytes that would do harm if they were taken for the rest of a line. */
export const stale: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .constantFrom(
      '0123456789"}\n{"name":"stale","value":1,"timestamp":1700000000}\n',
      '"}\n"}\n"}\n',
      "99999999999999999999999999999999999999999999999999999999999999999999999999",
      "}\n}\n}\n}\n",
      "\n\n\n\n",
      "",
    )
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
);
