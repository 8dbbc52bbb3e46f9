import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";

import { createParser } from "../../../static/chat/js/lib/sse.js";

const CASES = fileURLToPath(new URL("../../../../shared/conformance/wpt_eventsource.json", import.meta.url));
/** Streams up to this many bytes are cut at every place; longer ones at every place near an end of line and at each 97th. */
const CUT_EVERYWHERE_BYTES = 5_000;
const STRIDE = 97;

/** What a parser reports of one stream: its events, comments and retry times. */
function read(pieces, parser = null, seen = null) {
  const into = seen ?? { events: [], comments: [], retries: [] };
  const reader = parser ?? listening(into);
  for (const piece of pieces) reader.feed(piece);
  reader.end();
  return into;
}

function listening(into) {
  return createParser({
    onEvent: (event) => into.events.push(event),
    onComment: (comment) => into.comments.push(comment),
    onRetry: (milliseconds) => into.retries.push(milliseconds),
  });
}

const bytesOf = (text) => new TextEncoder().encode(text);
const oneByOne = (bytes) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
const cutAt = (bytes, at) => [bytes.subarray(0, at), bytes.subarray(at)];

function* cuts(bytes) {
  for (let at = 0; at <= bytes.length; at += 1) {
    const nearLineEnd = [bytes[at - 1], bytes[at]].some((byte) => byte === 10 || byte === 13);
    if (bytes.length <= CUT_EVERYWHERE_BYTES || nearLineEnd || at % STRIDE === 0) yield cutAt(bytes, at);
  }
}

describe("web-platform-tests", { skip: existsSync(CASES) ? false : "the conformance cases are not here" }, () => {
  const cases = existsSync(CASES) ? JSON.parse(readFileSync(CASES, "utf8")) : [];

  for (const { name, title, ...rest } of cases) {
    const connections = (rest.connections ?? [rest]).filter((connection) => !connection.connection_must_fail);
    const sent = connections.map(piecesOf);
    const whole = sent.map((pieces) => Buffer.concat(pieces));

    test(`${name}: ${title}`, () => {
      check(connections, sent);
      check(connections, whole.map((bytes) => [bytes]));
      check(connections, whole.map((bytes) => [bytes.toString("utf8")]));
    });
    test(`${name}, byte by byte`, () => check(connections, whole.map(oneByOne)));
    test(`${name}, cut at every place`, () => {
      connections.forEach((connection, index) => {
        for (const pieces of cuts(whole[index])) check(connections, whole.with(index, pieces).map(asPieces));
      });
    });
  }

  test("all 30 cases were there", () => assert.equal(cases.length, 30));
});

const asPieces = (bytesOrPieces) => (Array.isArray(bytesOrPieces) ? bytesOrPieces : [bytesOrPieces]);

function piecesOf({ chunks_b64: encoded, chunks_rle: runs }) {
  if (encoded) return encoded.map((piece) => Buffer.from(piece, "base64"));
  return runs.flatMap(([piece, times]) => Array(times).fill(Buffer.from(piece, "base64")));
}

/** One parser for all connections of a case, as one event source has them: the last event id persists. */
function check(connections, streams) {
  const seen = { events: [], comments: [], retries: [] };
  const parser = listening(seen);
  connections.forEach((connection, index) => {
    Object.assign(seen, { events: [], comments: [], retries: [] });
    read(streams[index], parser, seen);
    assert.deepEqual(seen.events, connection.expected);
    if (connection.expected_comments) assert.deepEqual(seen.comments, connection.expected_comments);
    if (connection.expected_retry_ms) assert.equal(seen.retries.at(-1), connection.expected_retry_ms);
  });
}

describe("the letter of the standard", () => {
  const data = (...texts) => texts.map((text) => ({ event: "message", data: text, lastEventId: "" }));
  const FIXTURES = [
    ["LF, CR and CRLF end a line", "data:a\r\rdata:b\n\ndata:c\r\n\r\ndata:d\r\n\n", data("a", "b", "c", "d")],
    ["one space after the colon is dropped, no more", "data:  a\n\n", data(" a")],
    ["only the first byte order mark is dropped", "\uFEFFdata:1\n\n\uFEFFdata:2\n\n", data("1")],
    ["a byte order mark within data is kept", "data:\uFEFFx\n\n", data("\uFEFFx")],
    ["other line separators are text", "data:a\u2028b\u0085c\vd\n\n", data("a\u2028b\u0085c\vd")],
    ["an event without data is none", "event: x\nid: 1\n\ndata\n\n", [{ event: "message", data: "", lastEventId: "1" }]],
    ["an id with NUL is ignored", "id: 1\nid: 2\0\ndata:x\n\n", [{ event: "message", data: "x", lastEventId: "1" }]],
    ["an event that the end cuts off is dropped", "data:a\n\ndata:b\n", data("a")],
    ["characters outside the basic plane survive", "data:🌍 नमस्ते ok…\n\n", data("🌍 नमस्ते ok…")],
    ["names are case-sensitive", "Data:a\nDATA:b\n data:c\ndata:d\n\n", data("d")],
  ];

  for (const [sentence, stream, expected] of FIXTURES) {
    test(sentence, () => {
      const bytes = bytesOf(stream);
      assert.deepEqual(read([bytes]).events, expected);
      assert.deepEqual(read([stream]).events, expected);
      assert.deepEqual(read(oneByOne(bytes)).events, expected);
      for (const pieces of cuts(bytes)) assert.deepEqual(read(pieces).events, expected);
    });
  }

  test("an event is reported at the CR that ends it, not at the LF that may follow", () => {
    const seen = { events: [], comments: [], retries: [] };
    listening(seen).feed("data:x\r\r");
    assert.deepEqual(seen.events, data("x"));
  });

  test("retry takes digits alone", () => {
    const stream = "retry: 10\nretry: 1e3\nretry: -1\nretry:\nretry\nretry: 0020\nretry: ١٢\n";
    assert.deepEqual(read([stream]).retries, [10, 20]);
  });

  test("comments are reported without the colon and one space", () => {
    assert.deepEqual(read([": keep-alive\n:\n:  x:y\n"]).comments, ["keep-alive", "", " x:y"]);
  });

  test("invalid UTF-8 becomes U+FFFD and spoils nothing else", () => {
    const bytes = Buffer.concat([bytesOf("data:a"), Buffer.from([0xff, 0xe2, 0x80]), bytesOf("b\n\n")]);
    for (const pieces of [[bytes], oneByOne(bytes)]) assert.deepEqual(read(pieces).events, data("a\uFFFD\uFFFDb"));
  });

  test("after reset a new stream begins, with the last event id of the old one", () => {
    const seen = { events: [], comments: [], retries: [] };
    const parser = listening(seen);
    parser.feed("id:7\ndata:a\n\nid:8\nevent:x\ndata:b");
    parser.reset();
    parser.feed("\uFEFFdata:c\n\n");
    assert.deepEqual(seen.events.map((event) => [event.event, event.data, event.lastEventId]), [["message", "a", "7"], ["message", "c", "7"]]);
  });

  test("listeners are optional", () => createParser({}).feed(": a\nretry: 1\ndata: x\n\n"));
});

describe("work in proportion to the bytes", () => {
  const MEGABYTE = 1_000_000;
  /** Ten times what it takes on a slow machine, and a hundredth of what quadratic work would take. */
  const LIMIT_MS = 10_000;

  for (const [how, pieces] of [["in one piece", 1], ["in 4 KB", 4_096], ["byte by byte", Infinity]]) {
    test(`a line of 2 MB ${how}`, { timeout: LIMIT_MS }, () => {
      const bytes = bytesOf(`data:${"x".repeat(2 * MEGABYTE)}\n\n`);
      const size = pieces === 1 ? bytes.length : pieces === Infinity ? 1 : pieces;
      const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
      assert.equal(read(cut).events[0].data.length, 2 * MEGABYTE);
    });
  }

  test("a hundred thousand data lines", { timeout: LIMIT_MS }, () => {
    assert.equal(read(["data:x\n".repeat(100_000) + "\n"]).events[0].data.length, 199_999);
  });
});
