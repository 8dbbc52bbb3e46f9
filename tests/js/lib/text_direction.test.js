import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { textDirection } from "../../../static/chat/js/lib/text_direction.js";

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
