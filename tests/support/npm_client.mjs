/** Follows a generation by npm's `eventsource` and prints [text, ending, connections]. Arguments: address, cookies. */
import { EventSource } from "eventsource";

const LONGER_MS = 4_000;
const [, , url, cookies] = process.argv;
let text = "";
let connections = 0;
const source = new EventSource(url, { fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, Cookie: cookies } }) });
source.addEventListener("start", () => (connections += 1));
source.addEventListener("text", ({ data }) => (text += JSON.parse(data).text));
source.addEventListener("reset", () => (text = ""));
source.addEventListener("end", ({ data }) => {
  console.log(JSON.stringify([text, JSON.parse(data), connections]));
  // It is not closed: nothing may come after the end.
  setTimeout(() => process.exit(), LONGER_MS);
});
