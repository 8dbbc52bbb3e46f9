import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ReplyStream } from "../../../static/chat/js/lib/stream.js";
import { Clock, Site, frame, settle } from "../support/streams.js";

const TEXT = "Hello, 🌍!\r\n\u2028data: x\n\nevent: end\n";
const START = { conversation: "c1", message: "a1", parent: "q1", generation: "g1", model: "m", title: "Hello" };
const COMPLETE = { status: "complete", finish_reason: "stop", usage: null, code: "", message: "" };
const ASK = { url: "/c/c1/messages/", init: { method: "POST", body: '{"id":"q1"}' } };

const start = (id = 0) => `retry: 1000\n\n${frame("start", START, id)}`;
const end = (id, ending = COMPLETE) => frame("end", ending, id);
const positionOf = (text) => Array.from(text).length;

/** What a page would show. */
class Page {
  text = "";
  reasoning = "";
  seen = [];
  onStart = (data) => this.seen.push(["start", data.generation]);
  onText = (text) => (this.text += text);
  onReasoning = (text) => (this.reasoning += text);
  onTitle = (title) => this.seen.push(["title", title]);
  onStorage = (sentence) => this.seen.push(["storage", sentence]);
  onReset = () => Object.assign(this, { text: "", reasoning: "" });
  onConnection = (connection) => (this.connection = connection);
  onEnd = (ending) => this.seen.push(["end", ending.status]);
  onFailure = (failure) => this.seen.push(["failure", failure.status, failure.code, failure.message]);
}

function open(source = { ask: ASK }, random = 0) {
  const clock = new Clock();
  const [site, page] = [new Site(clock), new Page()];
  const { setTimeout, clearTimeout } = clock;
  const now = () => clock.now + clock.skew;
  const tools = { fetch: site.fetch, setTimeout, clearTimeout, now, random: () => random, isOnline: () => site.isOnline };
  const stream = new ReplyStream({ eventsUrl: (id) => `/generations/${id}/events/`, ...source }, page, tools);
  return { clock, site, page, stream };
}

function run(source, random) {
  const opened = open(source, random);
  return { ...opened, done: opened.stream.run() };
}

test("a reader hears that the answer cannot be stored, and that it can again", async () => {
  const { site, page, done } = run();
  const waiting = frame("storage", { status: "waiting", message: "Not stored." });
  await site.send(start(), frame("text", { text: "Half" }, 4), waiting, frame("text", { text: "!" }, 5));
  assert.deepEqual(page.seen.at(-1), ["storage", "Not stored."]);
  await site.send(frame("storage", { status: "stored", message: "" }), end(5));
  await done;
  assert.deepEqual([page.text, page.seen.slice(-2)], ["Half!", [["storage", ""], ["end", "complete"]]]);
});

describe("a reader who has lost the right to it", () => {
  const gone = (code) => frame("gone", { code, message: "A sentence." });

  test("of a login asks at once with the cookies of now, and goes on", async () => {
    const { site, page, done, clock } = run();
    await site.send(start(), frame("text", { text: "Half" }, 4), gone("logged_out"));
    assert.equal(site.requests.length, 2);
    assert.deepEqual([site.last.url, site.last.position, site.last.at], ["/generations/g1/events/", "4", clock.now]);
    await site.send(start(4), frame("text", { text: " done" }, 9), end(9));
    await done;
    assert.deepEqual([page.text, page.seen.at(-1)], ["Half done", ["end", "complete"]]);
    assert.equal(clock.pending, 0);
  });

  test("of a login is asked for one by a 401 alone, and goes on once there is one", async () => {
    const { site, page, done, clock, stream } = run();
    await site.send(start(), frame("text", { text: "Half" }, 4));
    for (let time = 0; time < 40; time += 1) site.refuse(401, { code: "not_logged_in", message: "Log in." });
    await site.send(gone("logged_out"));
    assert.deepEqual([page.connection, page.seen], ["expired", [["start", "g1"]]]);
    await clock.advance(40 * 30_000);
    assert.ok(site.requests.length <= 42, `${site.requests.length} requests in twenty minutes`);
    stream.resume();
    await site.send(start(4), frame("text", { text: " done" }, 9), end(9));
    await done;
    assert.deepEqual([page.text, page.connection, page.seen.at(-1)], ["Half done", "connected", ["end", "complete"]]);
  });

  test("of a login that is said to be gone anew, with nothing between, does not ask for ever", async () => {
    const { site, page, done } = run();
    await site.send(start(), frame("text", { text: "Half" }, 4), gone("logged_out"));
    await site.send(start(4), gone("logged_out"));
    await done;
    assert.deepEqual([site.requests.length, page.seen.at(-1)], [2, ["failure", 0, "logged_out", "A sentence."]]);
  });

  for (const code of ["inactive", "deleted", "not_allowed", "another"]) {
    test(`because it is ${code} does not come again`, async () => {
      const { site, page, done, clock } = run();
      await site.send(start(), frame("text", { text: "Half" }, 4), gone(code), frame("text", { text: "No" }, 6));
      await done;
      assert.deepEqual(page.seen.at(-1), ["failure", 0, code, "A sentence."]);
      assert.deepEqual([site.requests.length, page.text, clock.pending], [1, "Half", 0]);
    });
  }
});

describe("a reply", () => {
  test("is asked for once and read to its end", async () => {
    const { site, page, done, clock } = run();
    await site.send(start(), frame("reasoning", { text: "Hm." }, 3), frame("text", { text: TEXT }, 3 + positionOf(TEXT)));
    await site.send(frame("title", { title: "A greeting" }), frame("later", { any: 1 }), end(3 + positionOf(TEXT)));
    await done;
    assert.deepEqual([page.text, page.reasoning], [TEXT, "Hm."]);
    assert.deepEqual(page.seen, [["start", "g1"], ["title", "A greeting"], ["end", "complete"]]);
    assert.deepEqual(site.requests.map(({ url, init }) => [url, init.method, init.body]), [[ASK.url, "POST", ASK.init.body]]);
    assert.equal(clock.pending, 0);
  });

  test("that a page found half written is followed from its position", async () => {
    const { site, page, done } = run({ generation: "g1", position: 5 });
    await site.send(start(5), frame("text", { text: " world" }, 11), end(11));
    await done;
    assert.deepEqual([site.last.url, site.last.position, page.text], ["/generations/g1/events/", "5", " world"]);
  });

  test("ends once, whatever follows the end", async () => {
    const { site, page, done } = run();
    await site.send(start() + end(0) + frame("text", { text: "late" }, 4) + end(4));
    await done;
    assert.deepEqual([page.text, page.seen], ["", [["start", "g1"], ["end", "complete"]]]);
  });
});

describe("what is not in the protocol", () => {
  for (const data of ["soon", "", "{", "7", "null"]) {
    test(`an unknown event whose data is ${JSON.stringify(data)} is ignored`, async () => {
      const { site, page, done } = run();
      await site.send(start(), `event: later\ndata: ${data}\n\n`, `data: ${data}\n\n`, frame("text", { text: "Hi" }, 2), end(2));
      await done;
      assert.deepEqual([page.text, page.seen.at(-1)], ["Hi", ["end", "complete"]]);
    });

    test(`a text that is ${JSON.stringify(data)} is asked for again`, async () => {
      const { site, page, done, clock } = run();
      await site.send(start() + frame("text", { text: "Hi" }, 2) + `id: 3\nevent: text\ndata: ${data}\n\n` + frame("text", { text: "?" }, 4));
      await clock.advance(1_000);
      assert.deepEqual([site.last.position, page.text], ["2", "Hi"]);
      await site.send(start(2), frame("text", { text: "!?" }, 4), end(4));
      await done;
      assert.equal(page.text, "Hi!?");
    });
  }
});

describe("a lost connection", () => {
  for (const how of ["close", "break"]) {
    test(`(${how}) is made again from the position, after the server's delay`, async () => {
      const { site, page, done, clock } = run();
      await site.send("retry: 2500\n\n" + frame("start", START, 0), frame("text", { text: "🌍🌍" }, 2));
      await site[how]();
      assert.equal(page.connection, "reconnecting");
      await clock.advance(2_499);
      assert.equal(site.requests.length, 1);
      await clock.advance(1);
      assert.deepEqual([site.last.url, site.last.position], ["/generations/g1/events/", "2"]);
      await site.send(start(2), frame("text", { text: "!" }, 3), end(3));
      await done;
      assert.deepEqual([page.text, page.connection], ["🌍🌍!", "connected"]);
      assert.deepEqual(page.seen, [["start", "g1"], ["end", "complete"]]);
    });
  }

  test("in the middle of a frame loses and doubles nothing", async () => {
    const frames = start() + frame("text", { text: "ab" }, 2) + frame("text", { text: "🌍" }, 3) + end(3);
    for (let cut = 1; cut < frames.length; cut += 1) {
      const { site, page, done, clock } = run();
      await site.send(frames.slice(0, cut));
      await site.break();
      await clock.advance(10_000);
      const position = Number(site.last.position ?? 0);
      const rest = frame("text", { text: [..."ab🌍"].slice(position).join("") }, 3);
      await site.send(start(position), position < 3 ? rest : "", end(3));
      await done;
      assert.equal(page.text, "ab🌍", `cut at ${cut}`);
    }
  });

  test("before start repeats the same request", async () => {
    const { site, page, clock, stream } = open();
    site.fail();
    site.answer("<html>", { status: 502 });
    const done = stream.run();
    await clock.advance(10_000);
    await site.send(start(), frame("text", { text: "Hi" }, 2), end(2));
    await done;
    assert.deepEqual(site.requests.map(({ url, init }) => [url, init.body]), Array(3).fill([ASK.url, ASK.init.body]));
    assert.deepEqual([page.text, page.seen.length], ["Hi", 2]);
  });

  test("is given a bounded number of chances before start", async () => {
    const { site, page, clock, stream } = open();
    for (let time = 0; time < 4; time += 1) site.fail();
    const done = stream.run();
    await clock.advance(60_000);
    await done;
    assert.equal(site.requests.length, 4);
    const sentence = "The site cannot be reached. Check your connection and try again.";
    assert.deepEqual(page.seen, [["failure", 0, "unreachable", sentence]]);
  });

  for (const [random, waits] of [[0, [1, 2, 4, 8, 10, 10]], [1, [1.5, 3, 6, 12, 15, 15]]]) {
    test(`is tried again after longer and longer waits (random ${random})`, async () => {
      const { site, clock, stream } = open({ generation: "g1" }, random);
      for (let time = 0; time < 7; time += 1) site.fail();
      void stream.run();
      await clock.advance(70_000);
      const times = site.requests.map(({ at }) => at);
      assert.deepEqual(times.slice(1, 7).map((at, index) => (at - times[index]) / 1_000), waits);
      stream.close();
    });
  }

  test("that comes back forgets the failures before", async () => {
    const { site, clock, stream, page } = open({ generation: "g1" });
    for (let time = 0; time < 5; time += 1) site.fail();
    void stream.run();
    await clock.advance(30_000);
    await site.send(start());
    await site.break();
    const requests = site.requests.length;
    await clock.advance(1_000);
    assert.equal(site.requests.length, requests + 1);
    assert.deepEqual(page.seen, [["start", "g1"]]);
    stream.close();
  });

  for (const status of [0, 400, 405, 408, 409, 410, 425, 429, 500, 502, 503, 504]) {
    test(`(${status || "no answer"}) is tried for as long as the page is open, and says so`, async () => {
      const { site, page, clock, stream } = open({ generation: "g1", position: 7 });
      for (let time = 0; time < 99; time += 1) {
        if (status) site.answer("", { status });
        else site.fail();
      }
      const done = stream.run();
      await clock.advance(980_000);
      assert.deepEqual([site.requests.length, page.seen, page.connection], [100, [], "reconnecting"]);
      await site.send(start(7), end(7));
      await done;
      assert.deepEqual([page.seen.at(-1), page.connection], [["end", "complete"], "connected"]);
      assert.ok(site.requests.every(({ position }) => position === "7"));
    });
  }

  for (const [status, code] of [[403, "not_allowed"], [404, "not_found"]]) {
    test(`(${status}) is explained, and not tried again`, async () => {
      const { site, page, clock, stream } = open({ generation: "g1", position: 7 });
      site.refuse(status, { code, message: "A sentence." });
      await stream.run();
      assert.deepEqual([page.seen, clock.pending], [[["failure", status, code, "A sentence."]], 0]);
    });
  }

  test("waits as long as a Retry-After says, within reason", async () => {
    const { site, clock, stream } = open({ generation: "g1" });
    site.refuse(503, { code: "unavailable", message: "Busy." }, { "Retry-After": "5" });
    site.refuse(503, { code: "unavailable", message: "Busy." }, { "Retry-After": "86400" });
    void stream.run();
    await clock.advance(100_000);
    const [first, second, third] = site.requests.map(({ at }) => at);
    assert.deepEqual([second - first, third - second], [5_000, 60_000]);
    stream.close();
  });

  test("is tried at once when the network is back", async () => {
    const { site, clock, stream } = open({ generation: "g1" });
    for (let time = 0; time < 6; time += 1) site.fail();
    void stream.run();
    await clock.advance(24_000);
    const requests = site.requests.length;
    stream.resume();
    await settle();
    assert.equal(site.requests.length, requests + 1);
    stream.close();
  });
});

describe("what is withdrawn before the site has said a word", () => {
  test("is not sent again when its request fails", async () => {
    for (const outcome of ["close", "break"]) {
      const { site, page, stream, done, clock } = run();
      stream.withdraw();
      assert.deepEqual(page.seen, []);
      await site[outcome]();
      await done;
      assert.deepEqual([site.requests.length, page.seen.map(([kind, status]) => [kind, status]), clock.pending], [1, [["failure", 0]], 0]);
    }
  });

  test("is not sent again when it waits for its next attempt, or for the network", async () => {
    for (const isOnline of [true, false]) {
      const { site, page, stream, clock } = open();
      site.isOnline = isOnline;
      site.fail();
      const done = stream.run();
      await settle();
      stream.withdraw();
      await done;
      assert.deepEqual([site.requests.length, page.seen.length, clock.pending], [1, 1, 0]);
    }
  });

  test("is followed to its end when it has begun after all", async () => {
    const { site, page, stream, done, clock } = run();
    stream.withdraw();
    await site.send(start(), frame("text", { text: "Hi" }, 2));
    await site.break();
    await clock.advance(1_000);
    await site.send(start(2), end(2, { ...COMPLETE, status: "stopped" }));
    await done;
    assert.deepEqual([page.text, page.seen], ["Hi", [["start", "g1"], ["end", "stopped"]]]);
  });
});

describe("a browser that is offline", () => {
  test("waits as long as it takes, and connects at once when the network is back", async () => {
    for (const source of [{ ask: ASK }, { generation: "g1", position: 7 }]) {
      const { site, page, clock, stream } = open(source);
      site.isOnline = false;
      for (let time = 0; time < 999; time += 1) site.fail();
      void stream.run();
      await clock.advance(3_600_000);
      assert.deepEqual([page.connection, page.seen], ["offline", []]);
      const requests = site.requests.length;
      assert.ok(requests <= 361, `${requests} requests in an hour`);
      site.isOnline = true;
      stream.refresh();
      await settle();
      assert.equal(site.requests.length, requests + 1);
      stream.close();
    }
  });

  test("says so again where the network is back and the site is not", async () => {
    const { site, page, clock, stream } = open();
    site.isOnline = false;
    for (let time = 0; time < 99; time += 1) site.fail();
    const done = stream.run();
    await clock.advance(60_000);
    site.isOnline = true;
    stream.refresh();
    await settle();
    assert.equal(page.connection, "reconnecting");
    await clock.advance(60_000);
    await done;
    assert.deepEqual(page.seen.map(([kind, status]) => [kind, status]), [["failure", 0]]);
  });

  test("that is told it is back gives up a connection that may be dead", async () => {
    const { site, page, stream, done } = run();
    await site.send(start(), frame("text", { text: "abc" }, 3));
    stream.refresh();
    await settle();
    assert.deepEqual([site.requests[0].isAborted, site.last.position], [true, "3"]);
    await site.send(start(3), frame("text", { text: "def" }, 6), end(6));
    await done;
    assert.equal(page.text, "abcdef");
  });

  test("stays silent in a hidden tab", async () => {
    const { site, stream } = run();
    await site.send(start(), frame("text", { text: "abc" }, 3));
    stream.pause();
    await settle();
    stream.refresh();
    await settle();
    assert.equal(site.requests.length, 1);
    stream.close();
  });
});

describe("a continuation", () => {
  const CONTINUE = { url: "/messages/a1/continuations/", init: { method: "POST", headers: { "Last-Event-ID": "5" }, body: '{"id":"g1"}' } };

  test("goes on from the position that the page has", async () => {
    const { site, page, done } = run({ ask: CONTINUE, position: 5 });
    await site.send(start(5), frame("text", { text: " more" }, 10), end(10));
    await done;
    assert.deepEqual([site.last.url, site.last.position, page.text], [CONTINUE.url, "5", " more"]);
  });

  test("that cannot go on from there drops all and gets all", async () => {
    const { site, page, done } = run({ ask: CONTINUE, position: 5 });
    page.text = "wrong";
    await site.send(start(0), frame("reset", {}, 0), frame("text", { text: "right, and more" }, 15), end(15));
    await done;
    assert.equal(page.text, "right, and more");
  });

  test("that lost its connection before start asks the same again, and after it follows", async () => {
    const { site, page, clock, done } = run({ ask: CONTINUE, position: 5 });
    await site.break();
    await clock.advance(1_000);
    assert.deepEqual([site.last.url, site.last.position], [CONTINUE.url, "5"]);
    await site.send(start(5), frame("text", { text: " mo" }, 8));
    await site.break();
    await clock.advance(1_000);
    assert.deepEqual([site.last.url, site.last.position], ["/generations/g1/events/", "8"]);
    await site.send(start(8), frame("text", { text: "re" }, 10), end(10));
    await done;
    assert.equal(page.text, " more");
  });
});

describe("silence", () => {
  test("of more than two keep-alives makes it connect again", async () => {
    const { site, clock, stream, done } = run();
    await site.send(start(), frame("text", { text: "a" }, 1));
    await clock.advance(29_000);
    assert.equal(site.last.isAborted, undefined);
    await clock.advance(5_000);
    assert.deepEqual([site.requests.length, site.requests[0].isAborted, site.last.position], [2, true, "1"]);
    stream.close();
    await done;
  });

  test("is broken by a comment", async () => {
    const { site, clock, stream } = run();
    await site.send(start());
    for (let time = 0; time < 10; time += 1) {
      await clock.advance(15_000);
      await site.send(": keep-alive\n\n");
    }
    assert.equal(site.requests.length, 1);
    stream.close();
  });

  test("is noticed soon after a laptop wakes up, and when the clock was set back", async () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const { site, clock, stream } = run();
      await site.send(start());
      clock.skew = jump;
      await clock.advance(4_000);
      assert.equal(site.requests[0].isAborted, true);
      stream.close();
    }
  });

  test("from the beginning counts too", async () => {
    const { site, clock, stream } = run();
    await clock.advance(40_000);
    assert.deepEqual([site.requests[0].isAborted, site.last.url], [true, ASK.url]);
    stream.close();
  });
});

describe("a refusal", () => {
  const REFUSALS = [[400, "bad_input"], [401, "not_logged_in"], [403, "csrf"], [404, "not_found"], [409, "conflict"], [413, "too_long"], [429, "too_many"], [503, "unavailable"]];
  for (const [status, code] of REFUSALS) {
    test(`${status} of the request is final, in the site's words`, async () => {
      const { site, page, stream, clock } = open();
      site.refuse(status, { code, message: "A sentence." }, { "Retry-After": "3" });
      await stream.run();
      assert.deepEqual(page.seen, [["failure", status, code, "A sentence."]]);
      assert.deepEqual([site.requests.length, clock.pending], [1, 0]);
    });
  }

  test("500 is tried again, and then told in the site's words", async () => {
    const { site, page, stream, clock } = open();
    for (let time = 0; time < 4; time += 1) site.refuse(500, { code: "error", message: "Something went wrong." });
    const done = stream.run();
    await clock.advance(60_000);
    await done;
    assert.deepEqual(page.seen, [["failure", 500, "error", "Something went wrong."]]);
  });

  for (const [retryAfter, expected] of [
    ["37", "Try again in 37 s."],
    ["600", "Try again in 10 minutes."],
    // Nine and a half minutes: however long the tests before it take, it is told as ten.
    [new Date(Date.now() + 570_000).toUTCString(), "Try again in 10 minutes."],
    ["soon", ""],
    ["-5", ""],
  ]) {
    test(`429 of a proxy with Retry-After: ${retryAfter} says when; of the site it is in its own words`, async () => {
      const { site, page, stream } = open();
      site.answer("<html>", { status: 429, headers: { "Retry-After": retryAfter } });
      await stream.run();
      assert.equal(page.seen[0][3], ["The site cannot take this now.", expected].join(" ").trim());
      const other = open();
      other.site.refuse(429, { code: "too_many", message: "In der Minute. Bitte gleich noch einmal." }, { "Retry-After": retryAfter });
      await other.stream.run();
      assert.equal(other.page.seen[0][3], "In der Minute. Bitte gleich noch einmal.");
    });
  }

  test("429 of a proxy has a sentence too", async () => {
    const { site, page, stream } = open();
    site.answer("<html>", { status: 429, headers: { "Retry-After": "7" } });
    await stream.run();
    assert.equal(page.seen[0][3], "The site cannot take this now. Try again in 7 s.");
  });

  test("without JSON has a sentence all the same", async () => {
    const { site, page, stream } = open();
    site.answer("<html>Forbidden</html>", { status: 403 });
    await stream.run();
    assert.deepEqual(page.seen, [["failure", 403, "", "The site did not answer as expected. Reload the page and try again."]]);
  });

  test("a page instead of a stream is no answer", async () => {
    const { site, page, stream, clock } = open();
    for (let time = 0; time < 4; time += 1) site.answer("<html>Log in to the hotel</html>", { status: 200 });
    const done = stream.run();
    await clock.advance(60_000);
    await done;
    assert.deepEqual([page.text, page.seen[0][0]], ["", "failure"]);
  });

  test("on the way, after a login ran out, keeps the text and waits for another login", async () => {
    const { site, page, clock, done } = run();
    await site.send(start(), frame("text", { text: "kept" }, 4));
    site.refuse(401, { code: "not_logged_in", message: "Log in." });
    await site.break();
    await clock.advance(5_000);
    assert.deepEqual([page.text, page.connection, page.seen], ["kept", "expired", [["start", "g1"]]]);
    await clock.advance(30_000);
    await site.send(start(4), frame("text", { text: "!" }, 5), end(5));
    await done;
    assert.equal(page.text, "kept!");
  });
});

describe("a reset", () => {
  test("drops what there was, and all follows", async () => {
    const { site, page, clock, done } = run();
    await site.send(start(), frame("reasoning", { text: "x" }, 1), frame("text", { text: "lost second" }, 12));
    await site.break();
    await clock.advance(1_000);
    assert.equal(site.last.position, "12");
    await site.send(start(0), frame("reset", {}, 0), frame("text", { text: "lost" }, 4), end(4, { ...COMPLETE, status: "interrupted" }));
    await done;
    assert.deepEqual([page.text, page.reasoning, page.seen.at(-1)], ["lost", "", ["end", "interrupted"]]);
  });

  test("in the middle of a stream moves the position back", async () => {
    const { site, page, clock, stream } = run();
    await site.send(start(), frame("text", { text: "abcdef" }, 6), frame("reset", {}, 0), frame("text", { text: "abc" }, 3));
    await site.break();
    await clock.advance(1_000);
    assert.deepEqual([page.text, site.last.position], ["abc", "3"]);
    stream.close();
  });
});

describe("a hidden tab", () => {
  test("lets go of its connection and catches up by position", async () => {
    const { site, page, stream, done, clock } = run();
    await site.send(start(), frame("text", { text: "abc" }, 3));
    stream.pause();
    await clock.advance(600_000);
    assert.deepEqual([site.requests.length, site.last.isAborted], [1, true]);
    stream.resume();
    await settle();
    assert.equal(site.last.position, "3");
    await site.send(start(3), frame("text", { text: "def" }, 6), end(6));
    await done;
    assert.deepEqual([page.text, page.seen.length], ["abcdef", 2]);
  });

  test("that is shown again at once goes on at once", async () => {
    const { site, stream } = run();
    await site.send(start(), frame("text", { text: "abc" }, 3));
    stream.pause();
    stream.resume();
    await settle();
    assert.deepEqual([site.requests.length, site.last.position], [2, "3"]);
    stream.close();
  });

  test("keeps a request that has not been answered until it knows its generation", async () => {
    const { site, stream } = run();
    stream.pause();
    await settle();
    assert.equal(site.last.isAborted, undefined);
    await site.send(start());
    assert.equal(site.last.isAborted, true);
    stream.close();
  });
});

describe("closing", () => {
  test("ends it without a word, whether it reads, waits or is paused", async () => {
    for (const prepare of [async () => {}, async ({ site }) => site.break(), async ({ stream }) => stream.pause()]) {
      const opened = run();
      await opened.site.send(start());
      await prepare(opened);
      opened.stream.close();
      await opened.done;
      assert.deepEqual([opened.page.seen, opened.clock.pending], [[["start", "g1"]], 0]);
    }
  });
});

test("an error of the page itself is not taken for a lost connection", async () => {
  const { site, page, stream } = open();
  page.onText = () => { throw new RangeError("a bug"); };
  const done = assert.rejects(stream.run(), RangeError);
  await site.send(start(), frame("text", { text: "x" }, 1));
  await done;
});

test("over any sequence of disconnects the page has exactly what was stored", async () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const stored = Array.from({ length: 300 }, () => ["a", "é", "🌍", "\n", " "][random(5)]);
  for (let round = 0; round < 30; round += 1) {
    const { site, page, clock, stream, done } = run();
    for (let live = 0; !page.seen.some(([kind]) => kind === "end"); ) {
      const connection = site.last;
      let at = Number(connection.position ?? 0);
      let frames = start(at);
      live = Math.min(stored.length, live + random(80));
      while (at < live) {
        const size = 1 + random(7);
        const piece = stored.slice(at, at + size);
        at += piece.length;
        frames += frame("text", { text: piece.join("") }, at);
      }
      if (live === stored.length) frames += end(at);
      const isCut = random(3) > 0;
      await site.send(isCut ? frames.slice(0, random(frames.length)) : frames);
      if (connection === site.last && !connection.isAborted) await site.break();
      if (random(4) === 0) stream.pause();
      await clock.advance(20_000);
      stream.resume();
      await clock.advance(20_000);
    }
    await done;
    assert.equal(page.text, stored.join(""));
  }
});
