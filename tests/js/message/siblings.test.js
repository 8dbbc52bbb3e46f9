import assert from "node:assert/strict";
import { test } from "node:test";
import { window } from "../support/dom.js";
import { Siblings } from "../../../static/chat/js/message/siblings.js";

const ROW = `<form class="siblings" hidden><button data-step="-1"></button><span class="siblings__place"></span><button data-step="1"></button></form>`;

function siblings(attributes, own = "b") {
  window.document.body.innerHTML = `<article ${attributes}>${ROW}</article>`;
  return new Siblings(window.document.body.firstElementChild, own);
}

const SECOND = 'data-number="2" data-count="4" data-previous="a" data-next="c" data-last="d"';

test("it stands where the message's element says", () => {
  const some = siblings(SECOND);
  some.show(some.place);
  const form = window.document.querySelector("form");
  assert.deepEqual([form.hidden, form.textContent], [false, "2 of 4"]);
  assert.deepEqual([some.beside(-1), some.beside(1)], ["a", "c"]);
  assert.deepEqual([some.button(-1).disabled, some.button(1).disabled], [false, false]);
});

test("the only one shows no steps", () => {
  const one = siblings("");
  one.show(one.place);
  assert.equal(window.document.querySelector("form").hidden, true);
  assert.deepEqual([one.place.count, one.button(-1).disabled, one.button(1).disabled], [1, true, true]);
});

const NEW = [
  ["after the only one", "", "x", { number: 2, count: 2, previous: "b", next: "", last: "x" }],
  ["after the last of several", 'data-number="2" data-count="2" data-previous="a"', "x", { number: 3, count: 3, previous: "b", next: "", last: "x" }],
  ["after others that came later", SECOND, "x", { number: 5, count: 5, previous: "d", next: "", last: "x" }],
  ["there before, next to it", 'data-number="2" data-count="3" data-previous="a" data-next="c" data-last="c"', "c", { number: 3, count: 3, previous: "b", next: "", last: "c" }],
  ["there before, further on", SECOND, "d", { number: 4, count: 4, previous: "", next: "", last: "d" }],
];

for (const [name, attributes, id, place] of NEW) {
  test(`a new one: ${name}`, () => assert.deepEqual(siblings(attributes).placeOf(id), place));
}

test("a place is kept in the element, and taken off it", () => {
  const some = siblings(SECOND);
  const place = some.placeOf("x");
  some.show(place);
  assert.deepEqual(some.place, place);
  some.show();
  assert.deepEqual({ ...window.document.querySelector("article").dataset }, {});
});
