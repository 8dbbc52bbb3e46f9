import "../support/dom.js";
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { ConversationList } from "../../../static/chat/js/sidebar/conversation_list.js";
import { EntryUpdates } from "../../../static/chat/js/sidebar/entry_updates.js";

globalThis.DOMParser = window.DOMParser;
globalThis.CSS = { escape: (text) => text };

const now = new Date();
const TODAY = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((number) => String(number).padStart(2, "0")).join("-");
const MARK = '<span class="sidebar__mark">…</span>';

const heading = (key) => `<li class="sidebar__day" data-key="${key}"><h3>${key}</h3></li>`;
const entry = (id, title = id, { attributes = "", mark = "" } = {}) =>
  `<li class="sidebar__entry" data-key="${id}" ${attributes}><a data-id="${id}">${title}</a>${mark}<a class="sidebar__menu"></a></li>`;
const pinned = (id) => entry(id, id, { attributes: "data-pinned" });

let element, list, asked, refreshed, renamed, served;

/** What becomes of a list of these, when the site serves what `served` says. */
function listOf(...items) {
  element = document.createElement("ol");
  element.innerHTML = items.join("");
  document.body.replaceChildren(element);
  list = new ConversationList(element, "current", { onRenamed: (id, title) => renamed.push(`${id} ${title}`) });
  const changes = [];
  const sidebar = {
    change: (change) => changes.push((async () => (refreshed ||= !(await change(list))))()),
  };
  const requests = { fetchEntry: async (id) => (asked.push(id), served[id] ?? null) };
  const updates = new EntryUpdates(sidebar, requests);
  return { updates, done: () => Promise.all(changes) };
}

const shown = () => [...element.children].map((item) => item.dataset.key + (item.querySelector(".sidebar__mark") ? " …" : ""));
const html = (...items) => ({ status: 200, html: items.join("") });

beforeEach(() => {
  [asked, refreshed, renamed, served] = [[], false, [], {}];
});

describe("a conversation that goes on", () => {
  for (const [name, items, id, expected] of [
    ["comes to the top of today and is marked, and nobody is asked", [heading(TODAY), entry("a"), heading("2020-01"), entry("b")], "b", [TODAY, "b …", "a"]],
    ["stays where it is first", [heading(TODAY), entry("a"), entry("b")], "a", [TODAY, "a …", "b"]],
    ["comes to the top of the pinned ones", [heading("pinned"), pinned("a"), pinned("b"), heading(TODAY), entry("c")], "b", ["pinned", "b …", "a", TODAY, "c"]],
  ]) {
    test(name, async () => {
      const { updates, done } = listOf(...items);
      updates.wentOn(id);
      updates.wentOn(id);
      await done();
      assert.deepEqual([shown(), asked, refreshed], [expected, [], false]);
    });
  }

  test("is asked for where it is not listed, and shown as the site has it by then", async () => {
    served.n = html(heading(TODAY), entry("n", "New"));
    const { updates, done } = listOf(heading(TODAY), entry("a"));
    updates.wentOn("n");
    await done();
    assert.deepEqual([shown(), asked, refreshed], [[TODAY, "n", "a"], ["n"], false]);
  });

  test("and is not to be had is left out", async () => {
    served.n = { status: 404, html: "" };
    const { updates, done } = listOf(heading(TODAY), entry("a"));
    updates.wentOn("n");
    await done();
    assert.deepEqual([shown(), refreshed], [[TODAY, "a"], false]);
  });

  test("as the first of its day, or while the site is away, has the list asked for", async () => {
    for (const items of [[heading("2020-01"), entry("a")], [heading("2020-01"), entry("n")], [heading(TODAY), entry("a")]]) {
      refreshed = false;
      const { updates, done } = listOf(...items);
      updates.wentOn("n");
      await done();
      assert.ok(refreshed, items.join(""));
    }
  });

  test("keeps the focus", async () => {
    const { updates, done } = listOf(heading(TODAY), entry("a"), entry("b"));
    const link = element.querySelector("[data-id=b]");
    link.href = "#";
    link.focus();
    updates.wentOn("b");
    await done();
    assert.deepEqual([shown()[1], document.activeElement], ["b …", link]);
  });
});

describe("a conversation that has changed", () => {
  test("is shown in its place, without the mark, with its title", async () => {
    served.b = html(heading(TODAY), entry("b", "<Other>".replaceAll("<", "&lt;")));
    const { updates, done } = listOf(heading(TODAY), entry("a"), entry("b", "b", { attributes: "data-answering", mark: MARK }));
    updates.changed("b");
    await done();
    assert.deepEqual([shown(), renamed, refreshed], [[TODAY, "a", "b"], ["b <Other>"], false]);
    assert.ok(!element.querySelector("[data-answering]"));
  });

  test("and is gone is taken out, with a heading that has nothing left", async () => {
    served.b = { status: 404, html: "" };
    const { updates, done } = listOf(heading(TODAY), entry("a"), heading("2020-01"), entry("b"));
    updates.changed("b");
    updates.changed("b");
    await done();
    assert.deepEqual([shown(), refreshed], [[TODAY, "a"], false]);
  });

  test("and is not listed here is not asked for", async () => {
    const { updates, done } = listOf(heading(TODAY), entry("a"));
    updates.changed("z");
    await done();
    assert.deepEqual([asked, refreshed], [[], false]);
  });
});
