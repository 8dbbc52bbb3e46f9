import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { duration } from "../../../static/chat/js/lib/duration.js";
import { readPart } from "../../../static/chat/js/lib/tool_parts.js";

test("what is left out is what the site takes it for", () => {
  const call = { id: "a", name: "find", title: "Find", arguments: {} };
  assert.deepEqual(readPart("tool_call", { ...call, more: 1 }), { ...call, changes: false, outside: false, asks: false });
  assert.deepEqual(readPart("tool_decision", { calls: ["a"], answer: "no" }), { calls: ["a"], answer: "no", reason: "" });
  assert.deepEqual(readPart("tool_result", { id: "a", status: "done", content: "" }), { id: "a", status: "done", content: "", seconds: 0, attachments: [] });
  assert.deepEqual(readPart("source", { number: 1, title: "It" }), { number: 1, title: "It", url: "", object: "" });
});

describe("what the site could not have made says nothing", () => {
  for (const [kind, value] of [
    ["tool_call", { id: "a", name: "find", title: 17, arguments: {} }],
    ["tool_call", { id: "a", name: "find", title: "Find" }],
    ["tool_call", { id: "a", name: "find", title: "Find", arguments: {}, asks: "no" }],
    ["tool_decision", { calls: ["a"], answer: "perhaps" }],
    ["tool_decision", { calls: "a", answer: "yes" }],
    ["tool_result", { id: "a", status: "great", content: "" }],
    ["tool_result", { id: "a", status: "done", content: "", seconds: null }],
    ["source", { number: "1", title: "It" }],
    ["elsewhere", {}],
  ]) {
    test(JSON.stringify([kind, value]), () => assert.equal(readPart(kind, value), null));
  }
});

test("how long it took is said as the site says it", () => {
  const times = [0, 0.04, 0.05, 9.94, 9.96, 59.4, 59.6, 125];
  assert.deepEqual(times.map((time) => duration(time, "en")), ["0.0 s", "0.0 s", "0.1 s", "9.9 s", "10 s", "59 s", "1 min 0 s", "2 min 5 s"]);
  assert.equal(duration(1.5, "de"), "1,5 s");
});
