const CELL = /:?-+:?/g;
const DASHES = /-+/;

/**
 * The shortest head of a table with the same columns, under which its rows are read: a long head would be read again
 * with each of them.
 * @param {string} head its two lines
 */
export function syntheticHead(head) {
  const [, rule = ""] = head.split("\n");
  const cells = (rule.match(CELL) ?? []).map((cell) => cell.replace(DASHES, "-"));
  return `${"|.".repeat(cells.length)}|\n|${cells.join("|")}|\n`;
}
