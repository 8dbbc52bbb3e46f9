import assert from "node:assert/strict";
import { test } from "node:test";

import { interpolate } from "../../../static/chat/js/lib/i18n.js";

for (const [format, values, expected] of [
  ["%(number)s of %(count)s", { number: 2, count: 3 }, "2 of 3"],
  ["%(count)s, von denen %(number)s", { number: 2, count: 3 }, "3, von denen 2"],
  ["%(name)s has %(size)s", { name: "%(size)s $& $1", size: "1 MB" }, "%(size)s $& $1 has 1 MB"],
  ["%(name)s, %(name)s", { name: "twice" }, "twice, twice"],
  ["%(other)s and 100% %s", { name: "x" }, "%(other)s and 100% %s"],
]) {
  test(`${format} with ${JSON.stringify(values)}`, () => assert.equal(interpolate(format, values), expected));
}
