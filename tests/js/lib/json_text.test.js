import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { coloured, cut, indented, members, visible } from "../../../static/chat/js/lib/json_text.js";

describe("JSON is laid out with its tokens as they are, as chat/core/json_text.py does it", () => {
  for (const [text, expected] of [
    ['{"a":1,"b":[],"c":[true]}', '{\n  "a": 1,\n  "b": [],\n  "c": [\n    true\n  ]\n}'],
    ["[12345678901234567890,1.0,1e400]", "[\n  12345678901234567890,\n  1.0,\n  1e400\n]"],
    ['["a,b:{","\\"]"]', '[\n  "a,b:{",\n  "\\"]"\n]'],
    ["[NaN]", "[NaN]"],
    ['{"a":1', '{"a":1'],
    ["17", "17"],
    ["[".repeat(13) + "]".repeat(13), "[".repeat(13) + "]".repeat(13)],
    ["[".repeat(100_000) + "]".repeat(100_000), "[".repeat(100_000) + "]".repeat(100_000)],
  ]) {
    test(text.slice(0, 40), () => assert.equal(indented(text), expected));
  }
});

test("a long text is cut where a line ends, and between no two halves of a character", () => {
  assert.deepEqual(cut("ab\n".repeat(1000)), ["ab\n".repeat(666), "ab\n".repeat(334)]);
  assert.deepEqual(cut("x".repeat(2001)), ["x".repeat(2000), "x"]);
  assert.deepEqual(cut("😀".repeat(2001)), ["😀".repeat(2000), "😀"]);
  assert.deepEqual(cut("x".repeat(2000)), ["x".repeat(2000), ""]);
});

test("what cannot be seen is written as JSON would write it, as chat/core/json_text.py does it", () => {
  assert.equal(visible('{"to": "a\u202eb\u200b@\u2066x\u{e0041}", "ü": "می\u200cخواهم 👩\u200d🚀"}'), '{"to": "a\\u202eb\\u200b@\\u2066x\\udb40\\udc41", "ü": "می\u200cخواهم 👩\u200d🚀"}');
});

describe("the members of an object", () => {
  for (const [text, expected] of [
    ['{"a":1,"b":"x:,}","c":{"d":[1,{"e":2}]},"":[]}', [["a", "1"], ["b", '"x:,}"'], ["c", '{"d":[1,{"e":2}]}'], ["", "[]"]]],
    ['{"n":12345678901234567890.0}', [["n", "12345678901234567890.0"]]],
    ['{\n  "a": {\n    "b": 1\n  }\n}', [["a", '{"b":1}']]],
    ["{}", []],
    ["[1]", []],
    ['{"a":', []],
  ]) {
    test(text, () => assert.deepEqual([...members(text)], expected));
  }
});

test("colours lose no letter, and tell names from strings", () => {
  const text = '{\n  "a\\"b": ["c", -1.5e3, true, null, "d: e"],\n  "f": {}\n}';
  const pieces = coloured(text);
  assert.equal(pieces.map((piece) => piece.text).join(""), text);
  const of = (kind) => pieces.filter((piece) => piece.kind === kind).map((piece) => piece.text);
  assert.deepEqual(of("name"), ['"a\\"b"', '"f"']);
  assert.deepEqual(of("string"), ['"c"', '"d: e"']);
  assert.deepEqual(of("number"), ["-1.5e3"]);
  assert.deepEqual(of("word"), ["true", "null"]);
});
