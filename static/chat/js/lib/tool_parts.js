/**
 * The parts of a reply that say what a model did, as their events bring them (docs/protocol.md).
 *
 * @typedef {{id: string, name: string, title: string, arguments: any, changes: boolean, outside: boolean, asks: boolean}} Call
 * @typedef {{calls: string[], answer: "yes" | "no", reason: string}} Decision
 * @typedef {{id: string, status: string, content: string, seconds: number, attachments: string[]}} Result
 * @typedef {{number: number, title: string, url: string, object: string}} Source
 */

const text = (/** @type {unknown} */ value) => typeof value === "string";
const flag = (/** @type {unknown} */ value) => typeof value === "boolean";
const number = (/** @type {unknown} */ value) => typeof value === "number";
const any = (/** @type {unknown} */ value) => value !== undefined;
const texts = (/** @type {unknown} */ value) => Array.isArray(value) && value.every(text);
const answer = (/** @type {unknown} */ value) => value === "yes" || value === "no";
const OUTCOMES = ["done", "failed", "timeout", "stopped", "declined", "forbidden", "invalid", "unknown"];
const outcome = (/** @type {any} */ value) => OUTCOMES.includes(value);

/** What each has, and what it is where it is left out. @type {Record<string, Record<string, [(value: unknown) => boolean, any?]>>} */
const FIELDS = {
  tool_call: { id: [text], name: [text], title: [text], arguments: [any], changes: [flag, false], outside: [flag, false], asks: [flag, false] },
  tool_decision: { calls: [texts], answer: [answer], reason: [text, ""] },
  tool_result: { id: [text], status: [outcome], content: [text], seconds: [number, 0], attachments: [texts, []] },
  source: { number: [number], title: [text], url: [text, ""], object: [text, ""] },
};

export const TOOL_PARTS = new Set(Object.keys(FIELDS));

/** What a part says; null for one that the site could not have made. @param {string} kind @param {Record<string, unknown>} value @returns {any} */
export function readPart(kind, value) {
  const entries = Object.entries(FIELDS[kind] ?? {});
  const part = Object.fromEntries(entries.map(([name, [, fallback]]) => [name, name in value ? value[name] : fallback]));
  return entries.length && entries.every(([name, [isGood]]) => isGood(part[name])) ? part : null;
}
