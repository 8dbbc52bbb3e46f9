import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { markedTitle, textDirection, titleDirection } from "../../../static/chat/js/lib/text_direction.js";

const CASES = [
  ["שלום world", "rtl"],
  ["Hello שלום", "ltr"],
  ["`fs.read` זו פונקציה", "rtl"],
  ["```js\nlet x;\n```\nمرحبا", "rtl"],
  ["```js\nlet x;", ""],
  ["https://a.example הוא אתר", "rtl"],
  ["`fs.read", ""],
  ["12, 34 …", ""],
  ["1. שלום", "rtl"],
  ["你好", "ltr"],
  ["𞤀𞤣𞤤𞤢𞤥", "rtl"],
  ["", ""],
];

describe("the direction of a text", () => {
  for (const [text, expected] of CASES) test(JSON.stringify(text), () => assert.equal(textDirection(text), expected));
});

const TITLES = JSON.parse(readFileSync(new URL("../../support/title_directions.json", import.meta.url), "utf8"));

describe("the direction of a title", () => {
  for (const [title, expected] of Object.entries(TITLES)) test(JSON.stringify(title), () => assert.equal(titleDirection(title), expected));
  test("a tab is told by a mark", () => {
    assert.equal(markedTitle("fs.read זו פונקציה"), "\u200Ffs.read זו פונקציה");
    for (const title of ["שלום world", "Hello שלום", "fs.read", ""]) assert.equal(markedTitle(title), title);
  });
});
