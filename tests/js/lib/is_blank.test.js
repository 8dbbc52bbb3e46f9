import assert from "node:assert/strict";
import { test } from "node:test";

import { isBlank } from "../../../static/chat/js/lib/is_blank.js";

for (const [text, expected] of [
  ["", true], [" \t\r\n\u2028", true], ["\u200b", true], ["\u202e\u2066", true], ["\ufeff\u00ad", true], ["\u2800\u3164", true],
  ["\ufe0f\u{E0101}", true], ["a", false], ["\u200b.", false], ["👩‍👩‍👧", false], ["\u0301", false], ["0", false],
]) {
  test(`${JSON.stringify(text)} ${expected ? "shows nothing" : "shows something"}`, () => assert.equal(isBlank(text), expected));
}
