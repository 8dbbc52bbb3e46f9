import assert from "node:assert/strict";
import { test } from "node:test";
import { FailureMessages } from "../../../static/chat/js/conversation/failure_messages.js";

const messages = new FailureMessages("/accounts/login/");
const refused = (status, code, message) => ({ status, code, message, isFinal: true, waitMs: 0 });

test("who asks in a conversation that was deleted elsewhere is told so", () => {
  const failure = refused(404, "not_found", "There is nothing here that belongs to you.");
  const { sentence, link } = messages.onSent(failure, "");
  assert.match(sentence, /deleted in another tab/);
  assert.equal(link, undefined);
});

test("of all else the site's own sentence is shown", () => {
  assert.deepEqual(messages.onOther(refused(429, "too_many", "Wait.")), { sentence: "Wait.", link: undefined });
});
