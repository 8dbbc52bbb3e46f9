import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { ConversationState } from "../../../static/chat/js/conversation/state.js";

const SOURCE = readFileSync(new URL("../../../static/chat/js/conversation/state.js", import.meta.url), "utf8");
const START = { conversation: "granted", generation: "g1" };
const TURNS = {
  ask: { kind: "ask", question: { conversation: "c1", id: "m1", text: "Why?", attachments: [], parent: null } },
  edit: { kind: "edit", message: "m1", question: { conversation: "c1", id: "m2", text: "How?", attachments: [], parent: null } },
  regenerate: { kind: "regenerate", message: "m3", request: { id: "m4" } },
  continue: { kind: "continue", message: "m3", request: { id: "g2" }, position: 7 },
};
const HAPPENINGS = {
  ask: (state) => state.ask(TURNS.ask),
  follow: (state) => state.follow("g0"),
  stop: (state) => state.stop(),
  start: (state) => state.start(START),
  refuse: (state) => state.refuse(),
  end: (state) => state.end(),
  lose: (state) => state.lose(),
  leave: (state) => state.leave(),
};
/** How each state is reached. */
const WAYS = { idle: [], sending: ["ask"], stopping: ["ask", "stop"], answering: ["ask", "start"] };

/** A state, and the changes that its listener was told of. */
function begin({ conversation = "c1", isNew = false } = {}, ...happenings) {
  const changes = [];
  const state = new ConversationState({ conversation, isNew }, () => "fresh", (before) => changes.push(`${before} > ${state.name}`));
  for (const happening of happenings) HAPPENINGS[happening](state);
  return { state, changes };
}

/** The table of the docstring: what it says of each state, by what happens. */
function documented() {
  const rows = Array.from(SOURCE.matchAll(/^ \* \|(.*)\|$/gm), ([, row]) => row.split("|").map((cell) => cell.trim()));
  const [[, ...happenings], , ...states] = rows;
  return states.map(([name, ...next]) => [name, Object.fromEntries(happenings.map((happening, at) => [happening, next[at]]))]);
}

test("the table has each state and each happening", () => {
  const table = documented();
  assert.deepEqual(table.map(([name]) => name), Object.keys(WAYS));
  for (const [, row] of table) assert.deepEqual(Object.keys(row), Object.keys(HAPPENINGS));
});

for (const [name, row] of documented()) {
  describe(`a conversation that is ${name}`, () => {
    test("is found so", () => assert.equal(begin({}, ...WAYS[name]).state.name, name));
    for (const [happening, next] of Object.entries(row)) {
      if (next) {
        test(`may ${happening}, and is ${next} then`, () => {
          const { state, changes } = begin({}, ...WAYS[name]);
          const heard = changes.length;
          assert.equal(state.may(happening), true);
          HAPPENINGS[happening](state);
          assert.equal(state.name, next);
          assert.deepEqual(changes.slice(heard), next === name ? [] : [`${name} > ${next}`]);
        });
      } else {
        test(`must not ${happening}, and stays as it is`, () => {
          const { state, changes } = begin({}, ...WAYS[name]);
          const before = [state.name, state.turn, state.generation, state.conversation, state.isNew, changes.length];
          assert.equal(state.may(happening), false);
          assert.throws(() => HAPPENINGS[happening](state), new RegExp(`"${happening}" must not happen .* ${name}`));
          assert.deepEqual([state.name, state.turn, state.generation, state.conversation, state.isNew, changes.length], before);
        });
      }
    }
  });
}

describe("what is asked", () => {
  for (const [kind, turn] of Object.entries(TURNS)) {
    test(`${kind} is a turn like the others`, () => {
      const { state } = begin();
      state.ask(turn);
      assert.equal(state.turn, turn);
      assert.equal(state.isSending, true);
      state.start(START);
      assert.equal(state.turn, turn);
      assert.equal(state.generation, "g1");
      state.end();
      assert.equal(state.turn, null);
    });
  }

  test("a second one is not taken while the first is on its way, or answered", () => {
    for (const way of [["ask"], ["ask", "stop"], ["ask", "start"], ["follow"]]) {
      const { state } = begin({}, ...way);
      assert.throws(() => state.ask(TURNS.regenerate));
      assert.notEqual(state.turn, TURNS.regenerate);
    }
  });

  test("is kept when it is to be stopped", () => {
    const { state } = begin({}, "ask", "stop");
    assert.equal(state.turn, TURNS.ask);
    assert.equal(state.isSending, true);
  });
});

describe("who began it", () => {
  test("this tab, which has its turn", () => assert.equal(begin({}, "ask", "start").state.turn, TURNS.ask));

  test("somebody else, whose generation is followed", () => {
    const { state } = begin({}, "follow");
    assert.deepEqual([state.turn, state.generation], [null, "g0"]);
    HAPPENINGS.start(state);
    assert.deepEqual([state.turn, state.generation, state.name], [null, "g1", "answering"]);
  });

  for (const last of ["end", "lose", "leave"]) {
    test(`nobody after ${last}, and the next one may begin`, () => {
      const { state } = begin({}, "ask", "start", last);
      assert.deepEqual([state.turn, state.generation, state.isIdle], [null, "", true]);
      state.follow("g9");
      assert.equal(state.generation, "g9");
    });
  }
});

describe("a new conversation", () => {
  test("exists with the first start, under the id that the site knows", () => {
    const { state } = begin({ isNew: true }, "ask");
    assert.equal(state.isNew, true);
    state.start(START);
    assert.deepEqual([state.isNew, state.conversation], [false, "granted"]);
  });

  test("has another id once it was refused", () => {
    const { state } = begin({ isNew: true }, "ask", "refuse");
    assert.deepEqual([state.isNew, state.conversation], [true, "fresh"]);
  });

  test("one that exists keeps its id", () => assert.equal(begin({}, "ask", "refuse").state.conversation, "c1"));

  test("has changed before its listener hears of it", () => {
    const heard = [];
    const state = new ConversationState({ conversation: "c1", isNew: true }, () => "fresh", () => heard.push(state.conversation));
    for (const happening of ["ask", "refuse", "ask", "start"]) HAPPENINGS[happening](state);
    assert.deepEqual(heard, ["c1", "fresh", "fresh", "granted"]);
  });
});
