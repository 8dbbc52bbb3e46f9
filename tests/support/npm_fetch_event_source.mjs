/**
 * Follows a generation by npm's `@microsoft/fetch-event-source`, once for each byte of what the site sends from the
 * first words on: the first connection is cut after it. Prints for each [text, status of the ending]. Arguments:
 * address, cookies, and `own` if it is to say itself from where it goes on, as docs/protocol.md advises.
 */
import { createRequire } from "node:module";

// Its modules are written for bundlers, and it knows browsers alone.
const document = { removeEventListener() {} };
Object.assign(globalThis, { window: globalThis, document });
const { fetchEventSource } = createRequire(import.meta.url)("@microsoft/fetch-event-source");

const [, , url, cookies, own] = process.argv;
const headers = { Cookie: cookies };
const whole = Buffer.from(await (await fetch(url, { headers })).arrayBuffer());
const read = [];
// What stands before the first words can be lost.
for (let count = whole.indexOf("event: text"); count <= whole.length; count += 1) read.push(await followed(count));
console.log(JSON.stringify(read));

/** @param {number} count bytes until the first connection is cut */
async function followed(count) {
  let [text, status, position, connections] = ["", "", "0", 0];
  const done = new AbortController();
  await fetchEventSource(url, {
    headers,
    signal: done.signal,
    openWhenHidden: true,
    fetch: (input, init) => {
      connections += 1;
      if (connections === 1) return Promise.resolve(cut(count));
      return fetch(input, own ? { ...init, headers: { ...init.headers, "last-event-id": position } } : init);
    },
    onmessage({ event, data, id }) {
      if (event === "text") text += JSON.parse(data).text;
      if (event === "reset") text = "";
      position = id || position;
      if (event !== "end") return;
      status = JSON.parse(data).status;
      done.abort();
    },
    onerror: () => 0,
  });
  return [text, status];
}

/** What the site says, up to there. @param {number} count */
function cut(count) {
  const pieces = count ? [whole.subarray(0, count)] : [];
  const body = new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece) controller.enqueue(piece);
      else controller.error(new Error("cut"));
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}
