import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Hints } from "../../../static/chat/js/lib/hints.js";
import { Clock, Site, frame, settle } from "../support/streams.js";

const VERSION = frame("version", { version: "v1" }, "p-1");
const MINUTE = 60_000;

/** A page that is shown, and what it asks for. */
function open(random = 0.5) {
  const clock = new Clock();
  const site = new Site(clock);
  const asked = [];
  const owner = {
    onList: (id = "all") => asked.push(`list ${id}`),
    onConversation: ({ conversation = "all", generation = "" }) => asked.push(`conversation ${conversation} ${generation}`.trim()),
    onVersion: (version) => asked.push(`version ${version}`),
  };
  const { setTimeout, clearTimeout } = clock;
  const hints = new Hints("/hints/", "p-0", owner, {
    setTimeout, clearTimeout, now: () => clock.now, random: () => random, isOnline: () => true, fetch: site.fetch,
  });
  hints.begin();
  /** What was asked since this was last called. */
  const news = () => asked.splice(0);
  return { clock, site, hints, news };
}

async function opened(random) {
  const page = open(random);
  await settle();
  await page.site.send(VERSION);
  page.news();
  return page;
}

describe("a page that is shown", () => {
  test("holds one stream from its position, and hears what to ask for", async () => {
    const { site, hints, news } = open();
    await settle();
    assert.equal(site.last.position, "p-0");
    assert.equal(hints.isOpen, false);
    await site.send(VERSION);
    assert.equal(hints.isOpen, true);
    await site.send(frame("list", { conversation: "c1" }), frame("list", {}), frame("unknown", {}), frame("conversation", { conversation: "c2", generation: "g" }, "p-5"));
    assert.deepEqual(news(), ["version v1", "list c1", "list all", "conversation c2 g"]);
    assert.equal(site.requests.length, 1);
  });

  test("comes again from where it was, at a random moment within ten seconds", async () => {
    for (const [random, at] of [[0, 0], [0.5, 5_000], [0.999, 9_990]]) {
      const { clock, site, hints } = await opened(random);
      await site.send(frame("list", {}, "p-7"));
      const before = clock.now;
      await site.close();
      assert.equal(hints.isOpen, false);
      await clock.advance(at + 1);
      assert.deepEqual([site.requests.length, site.last.position, site.last.at - before], [2, "p-7", at]);
    }
  });

  test("waits longer and longer for a site that is away, asks in between, and at once when the network is back", async () => {
    const { clock, site, hints, news } = await opened(1);
    for (let count = 0; count < 20; count += 1) site.fail();
    await site.break();
    await clock.advance(10 * MINUTE);
    assert.ok(site.requests.length < 15, `${site.requests.length} requests in ten minutes`);
    assert.ok(news().includes("list all"));
    const before = site.requests.length;
    hints.refresh();
    await settle();
    assert.equal(site.requests.length, before + 1);
  });

  test("gives up a stream that has been silent for longer than a keep-alive takes", async () => {
    const { clock, site } = await opened(0);
    await clock.advance(25_000);
    await site.send(": keep-alive\n\n");
    await clock.advance(25_000);
    assert.equal(site.requests.length, 1);
    await clock.advance(10_000);
    assert.equal(site.requests.length, 2);
  });

  test("takes what is garbled for cut", async () => {
    const { clock, site, news } = await opened(0);
    await site.send("event: list\ndata: {\"conv\n\n", frame("list", {}));
    await clock.advance(1);
    assert.deepEqual([news(), site.requests.length, site.last.position], [[], 2, "p-1"]);
  });
});

describe("a page that is hidden", () => {
  test("gives its stream up after ten seconds, and asks once when it is shown", async () => {
    const { clock, site, hints, news } = await opened();
    hints.hide();
    await clock.advance(9_000);
    assert.ok(!site.last.isAborted);
    await clock.advance(2_000);
    assert.ok(site.last.isAborted);
    assert.equal(hints.isOpen, false);
    await clock.advance(60 * MINUTE);
    assert.deepEqual([site.requests.length, news(), clock.pending], [1, [], 0]);
    hints.show();
    await settle();
    assert.deepEqual(news(), [], "Not before it hears of what comes next");
    await site.send(VERSION);
    assert.deepEqual(news(), ["version v1", "list all", "conversation all"]);
  });

  test("keeps it over a glance at another, and asks for the list: other processes tell nothing", async () => {
    const { clock, site, hints, news } = await opened();
    hints.hide();
    await clock.advance(9_000);
    hints.show();
    await clock.advance(MINUTE / 4);
    assert.deepEqual([site.requests.length, news()], [1, ["list all"]]);
  });

  test("is left at once, and comes back", async () => {
    const { site, hints } = await opened();
    hints.letGo();
    assert.ok(site.last.isAborted);
    hints.show();
    await settle();
    assert.equal(site.requests.length, 2);
  });
});

describe("where there is no stream", () => {
  for (const [name, refuse] of [
    ["another page has taken its place", async ({ site }) => site.send(frame("closed", {}), "retry: 86400000\n\n").then(() => site.close())],
    ["the site cannot stream", async ({ site }) => {
      site.refuse(503, { code: "cannot_stream", message: "No." });
      await site.close();
    }],
  ]) {
    test(`it asks every 30 s while it is shown: ${name}`, async () => {
      const page = await opened(0);
      const { clock, site, hints, news } = page;
      await refuse(page);
      await clock.advance(1);
      const { length } = site.requests;
      await clock.advance(2 * 30_000);
      assert.deepEqual(news(), ["list all", "conversation all", "list all", "conversation all"]);
      assert.equal(site.requests.length, length);
      hints.hide();
      await clock.advance(MINUTE);
      assert.deepEqual(news(), []);
      hints.show();
      await settle();
      assert.equal(site.requests.length, length + 1);
    });
  }

  test("who is shown again where it cannot be had asks at once", async () => {
    const { clock, site, hints, news } = await opened(0);
    hints.letGo();
    site.refuse(503, { code: "cannot_stream", message: "No." });
    hints.show();
    await clock.advance(1);
    assert.deepEqual(news(), ["list all", "conversation all"]);
  });

  test("of a login that was replaced it asks once more at once, and then now and then", async () => {
    const { clock, site } = await opened(0);
    site.refuse(401, { code: "not_logged_in", message: "Log in." });
    await site.send(frame("gone", { code: "logged_out" }));
    await site.close();
    await clock.advance(1);
    assert.equal(site.requests.length, 2);
    await clock.advance(29_000);
    assert.equal(site.requests.length, 2);
    await clock.advance(2_000);
    assert.equal(site.requests.length, 3);
  });

  test("what is gone for good is not asked for until it is shown again", async () => {
    for (const end of [
      async (site) => site.send(frame("gone", { code: "inactive" })),
      async (site) => site.refuse(403, { code: "not_allowed", message: "No." }),
    ]) {
      const { clock, site, hints, news } = await opened(0);
      await end(site);
      await site.close();
      await clock.advance(60 * MINUTE);
      const { length } = site.requests;
      assert.ok(length <= 2);
      assert.deepEqual([news(), clock.pending], [[], 0]);
      hints.show();
      await settle();
      assert.equal(site.requests.length, length + 1);
    }
  });
});
