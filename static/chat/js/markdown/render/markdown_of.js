import { CONTROLS, FORMULAS, texOf } from "./copied_formula.js";

const BLOCKS =
  "address, article, aside, blockquote, details, div, dl, dd, dt, figure, h1, h2, h3, h4, h5, h6, header, hr, li, main, ol, p, " +
  "pre, section, summary, table, ul";
const MARKS = new Map([["STRONG", "**"], ["B", "**"], ["EM", "*"], ["I", "*"], ["DEL", "~~"], ["S", "~~"]]);
/** What Markdown has no marks for stays HTML. */
const AS_HTML = new Set(["ABBR", "CITE", "DFN", "INS", "KBD", "MARK", "Q", "SAMP", "SMALL", "SUB", "SUP", "U", "VAR"]);
const RULES = new Map([["center", ":-:"], ["right", "--:"], ["left", ":--"]]);

/**
 * The Markdown of a part of an answer: what it could have been written as. The reverse of what this folder does.
 * @param {Node} selected @returns {string}
 */
export function markdownOf(selected) {
  return blocks(selected).join("\n\n");
}

/** @param {Node} node @returns {string[]} one for each block in it */
function blocks(node) {
  const found = [""];
  for (const child of node.childNodes) {
    if (isLeftOut(child)) continue;
    if (child instanceof Element && (child.matches(BLOCKS) || child.querySelector(BLOCKS))) found.push(...block(child), "");
    else found.push((found.pop() ?? "") + inline(child));
  }
  return found.map((text) => text.trimEnd().replace(/^\n+/, "")).filter(Boolean);
}

/** @param {Element} element @returns {string[]} */
function block(element) {
  const heading = /^H([1-6])$/.exec(element.nodeName);
  if (heading) return [`${"#".repeat(Number(heading[1]))} ${line(element)}`];
  if (element.matches("pre.selected, .flood, .message__body:not(.markdown)")) return [element.textContent ?? ""];
  if (element.matches("pre")) return [fenced(element)];
  if (element.matches("ul, ol")) return [list(element)];
  if (element.matches("blockquote")) return [blocks(element).join("\n\n").replace(/^(?=.)/gm, "> ").replace(/^$/gm, ">")];
  if (element.matches("table")) return [table(/** @type {HTMLTableElement} */ (element))];
  if (element.matches("details")) return ["<details>", ...blocks(element), "</details>"];
  if (element.matches("[data-footnote]")) return [footnote(element)];
  if (element.matches("summary")) return [`<summary>${line(element)}</summary>`];
  return element.matches("hr") ? ["---"] : blocks(element);
}

/** @param {Element} pre */
function fenced(pre) {
  const text = (pre.textContent ?? "").replace(/\n$/, "");
  const language = /language-(\S+)/.exec(pre.querySelector("code")?.className ?? "")?.[1] ?? "";
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

/** @param {Element} element a list */
function list(element) {
  const items = [...element.children].filter((child) => child.matches("li"));
  const start = Number(element.getAttribute("start") ?? 1);
  const texts = items.map((item, at) => {
    const marker = element.matches("ol") ? `${start + at}. ` : "- ";
    const isTight = !item.querySelector(":scope > p");
    return marker + blocks(item).join(isTight ? "\n" : "\n\n").replace(/\n(?=[^\n])/g, `\n${" ".repeat(marker.length)}`);
  });
  return texts.join(items.some((item) => item.querySelector(":scope > p")) ? "\n\n" : "\n");
}

/** @param {HTMLTableElement} element */
function table({ rows }) {
  const lines = Array.from(rows, ({ cells }) => `| ${Array.from(cells, (cell) => line(cell).replace(/\|/g, "\\|")).join(" | ")} |`);
  const rules = Array.from(rows[0]?.cells ?? [], (cell) => RULES.get(cell.getAttribute("align") ?? "") ?? "---");
  lines.splice(1, 0, `| ${rules.join(" | ")} |`);
  return lines.join("\n");
}

/** @param {Element} note */
function footnote(note) {
  const text = blocks(note.querySelector(".footnote__text") ?? note).join("\n\n").replace(/\n(?=[^\n])/g, "\n    ");
  return `[^${note.getAttribute("data-footnote")}]: ${text}`;
}

/** @param {Node} node on one line */
function line(node) {
  return Array.from(node.childNodes, inline).join("").trim().replace(/\s+/g, " ");
}

/** @param {Node} node @returns {string} */
function inline(node) {
  if (node instanceof Element && node.matches(".citation")) return node.textContent ?? "";
  if (isLeftOut(node)) return "";
  if (!(node instanceof Element)) return node.textContent ?? "";
  if (node.matches(FORMULAS)) return texOf(node);
  if (node.matches("[data-footnote-mark]")) return `[^${node.getAttribute("data-footnote-mark")}]`;
  if (node.matches("input")) return node.hasAttribute("checked") ? "[x]" : "[ ]";
  if (node.matches("br")) return "\n";
  if (node.matches("code")) return code(node.textContent ?? "");
  const text = Array.from(node.childNodes, inline).join("");
  if (node.matches("a[href]")) return link(node, text);
  if (AS_HTML.has(node.nodeName)) return `<${node.nodeName.toLowerCase()}>${text}</${node.nodeName.toLowerCase()}>`;
  return marked(text, MARKS.get(node.nodeName) ?? "");
}

/** Marks touch what they mark. @param {string} text @param {string} mark */
function marked(text, mark) {
  const words = text.trim();
  return words && text.replace(words, () => mark + words + mark);
}

/** @param {string} text */
function code(text) {
  const fence = "`".repeat(longestRun(text) + 1);
  const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return fence + space + text + space + fence;
}

/** @param {Element} element @param {string} text */
function link(element, text) {
  const address = element.getAttribute("href") ?? "";
  if (element.hasAttribute("data-image")) return `![${text}](${address})`;
  return address.replace(/^mailto:/, "") === text ? text : `[${text}](${address})`;
}

/** Of backticks. @param {string} text */
function longestRun(text) {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}

/** @param {Node} node */
function isLeftOut(node) {
  return node instanceof Element ? node.matches(CONTROLS) : !(node instanceof Text);
}
