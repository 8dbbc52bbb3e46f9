/** Deeper than that it is shown as it came: each level takes two spaces of each line. */
const DEEPEST = 12;
/** Characters of a text that are shown before somebody asks for more. */
const SHOWN = 2_000;

const BEGINNING = /^[ \t\r\n]*[{[]/;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
const COLOURED = /("(?:[^"\\\n]|\\.)*")(\s*:)?|-?\b\d[\d.eE+-]*|\b(?:true|false|null)\b/g;
/** By which a text can look like another one: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing */
const UNSEEN = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|\udb40[\udc00-\udc7f]/g;
const OPENING = ["{", "["];
const CLOSING = ["}", "]"];

/**
 * An object or a list in lines, with its tokens as they are; anything else as it is. chat/core/json_text.py does the
 * same, and no more than that: what is read and written anew says other things, such as large numbers.
 *
 * @param {string} text
 */
export function indented(text) {
  if (!BEGINNING.test(text) || !isJson(text)) return text;
  let [depth, previous, lines] = [0, "", ""];
  for (const [token] of text.matchAll(TOKEN)) {
    const isClosing = CLOSING.includes(token);
    if (isClosing) depth -= 1;
    const isEmpty = isClosing && OPENING.includes(previous);
    if (!isEmpty && (isClosing || previous === "," || OPENING.includes(previous))) lines += `\n${"  ".repeat(depth)}`;
    lines += token === ":" ? ": " : token;
    if (OPENING.includes(token)) depth += 1;
    if (depth > DEEPEST) return text;
    previous = token;
  }
  return lines;
}

/** With what cannot be seen, and turns the order of what can, written as JSON would write it. @param {string} text */
export function visible(text) {
  return text.replace(UNSEEN, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
}

/** The values of an object by their names, each as it stands there; of anything else none. @param {string} text @returns {Map<string, string>} */
export function members(text) {
  /** @type {Map<string, string>} */
  const found = new Map();
  if (!/^[ \t\r\n]*\{/.test(text) || !isJson(text)) return found;
  let [depth, name, value] = [0, "", ""];
  for (const [token] of text.matchAll(TOKEN)) {
    if (CLOSING.includes(token)) depth -= 1;
    const isEnd = (depth === 1 && token === ",") || depth === 0;
    if (isEnd && name) found.set(JSON.parse(name), value);
    if (isEnd) [name, value] = ["", ""];
    else if (depth === 1 && !name) name = token;
    else if (depth > 1 || value || token !== ":") value += token;
    if (OPENING.includes(token)) depth += 1;
  }
  return found;
}

/** What is shown of a text at once, in whole lines if it has any, and the rest. @param {string} text @returns {[string, string]} */
export function cut(text) {
  const head = [...text.slice(0, 2 * SHOWN)].slice(0, SHOWN).join("");
  if (head.length >= text.length) return [text, ""];
  const end = head.lastIndexOf("\n") + 1 || head.length;
  return [text.slice(0, end), text.slice(end)];
}

/**
 * What is to be coloured in JSON, whole or cut between lines.
 * @param {string} text @returns {{text: string, kind: "" | "name" | "string" | "number" | "word"}[]}
 */
export function coloured(text) {
  /** @type {ReturnType<typeof coloured>} */
  const pieces = [];
  let at = 0;
  for (const { 0: whole, 1: string, 2: colon, index } of text.matchAll(COLOURED)) {
    const token = string ?? whole;
    pieces.push({ text: text.slice(at, index), kind: "" });
    pieces.push({ text: token, kind: string ? (colon ? "name" : "string") : /[tfn]/.test(token.charAt(0)) ? "word" : "number" });
    at = index + token.length;
  }
  return [...pieces, { text: text.slice(at), kind: /** @type {const} */ ("") }].filter((piece) => piece.text);
}

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
