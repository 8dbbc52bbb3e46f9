import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Requests } from "../../../static/chat/js/api/requests.js";

const requests = new Requests({
  messages: "/prefix/c/{id}/messages/",
  regenerations: "/prefix/messages/{id}/regenerations/",
  continuations: "/prefix/messages/{id}/continuations/",
});
const QUESTION = { conversation: "c1", id: "m2", text: "Why?", attachments: [], parent: "m1", model: "small" };

/** What a turn is sent as. */
function sent(turn) {
  const { url, init } = requests.turn(turn);
  assert.equal(init.method, "POST");
  assert.equal(init.headers["Content-Type"], "application/json");
  return { url, body: init.body, position: init.headers["Last-Event-ID"] };
}

describe("a turn is one request", () => {
  for (const turn of [{ kind: "ask", question: QUESTION }, { kind: "edit", message: "m0", question: QUESTION }]) {
    test(`that asks, to ${turn.kind}`, () => {
      const body = '{"id":"m2","text":"Why?","parent":"m1","model":"small"}';
      assert.deepEqual(sent(turn), { url: "/prefix/c/c1/messages/", body, position: undefined });
    });
  }

  test("that names the files of a question by their ids", () => {
    const question = { ...QUESTION, attachments: [{ id: "a1" }, { id: "a2" }], temporary: true };
    const { body } = sent({ kind: "ask", question });
    assert.equal(body, '{"id":"m2","text":"Why?","parent":"m1","model":"small","temporary":true,"attachments":["a1","a2"]}');
  });

  test("that wants another answer, to regenerate", () => {
    const turn = { kind: "regenerate", message: "m3", request: { id: "m4", model: "large" } };
    assert.deepEqual(sent(turn), { url: "/prefix/messages/m3/regenerations/", body: '{"id":"m4","model":"large"}', position: undefined });
  });

  test("that wants more of it, to continue, and says how much is here", () => {
    const turn = { kind: "continue", message: "m3", request: { id: "g2" }, position: 7 };
    assert.deepEqual(sent(turn), { url: "/prefix/messages/m3/continuations/", body: '{"id":"g2"}', position: "7" });
  });
});
