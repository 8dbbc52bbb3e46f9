import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as marked from "marked";

import { IncrementalParser } from "../../../../static/chat/js/markdown/parse/incremental_parser.js";
import { Syntax } from "../../../../static/chat/js/markdown/parse/syntax.js";
import { splitIntoUnits } from "../../../../static/chat/js/markdown/parse/split_units.js";
import { ANSWER, anyText } from "../../support/texts.js";
import { random } from "../../support/random.js";

const SYNTAX = new Syntax(marked);
const RUNS = 3_000;
/** Texts so odd that only the check at the end sets them right (see MarkdownView.finish), of RUNS. */
const ODD = 2;

const visible = (units) => units.filter(({ type }) => type !== "space");
const outlineOf = (units) => visible(units).map(({ place, isFirst, source, context }) => [place, isFirst, source.trimEnd(), context]);
const whole = (text) => splitIntoUnits(SYNTAX.blocks(text.replace(/\r\n?/g, "\n"), false));

function inPieces(text, length) {
  const outline = new IncrementalParser(SYNTAX);
  const units = [];
  for (let at = 0; at < text.length; at += length) {
    outline.append(text.slice(at, at + length));
    units.push(...outline.read().final);
  }
  return [...units, ...outline.finish()];
}

/** What is given away while a text grows, with how much of it was there. */
function finalAt(text) {
  const outline = new IncrementalParser(SYNTAX);
  return Array.from(text, (letter) => {
    outline.append(letter);
    return outline.read().final.filter(({ type }) => type !== "space").map(({ source }) => source);
  });
}

describe("a text that grows", () => {
  for (const length of [1, 2, 3, 7, 64]) {
    test(`has the units of the whole in pieces of ${length}`, () => {
      assert.deepEqual(outlineOf(inPieces(ANSWER, length)), outlineOf(whole(ANSWER)));
    });
  }

  test("has the units of the whole, whatever it is", () => {
    const next = random(1);
    const odd = Array.from({ length: RUNS }, () => anyText(next)).filter((text) =>
      [1, 3].some((length) => JSON.stringify(outlineOf(inPieces(text, length))) !== JSON.stringify(outlineOf(whole(text)))));
    assert.ok(odd.length <= ODD, `${odd.length} texts are read otherwise in pieces: ${JSON.stringify(odd)}`);
  });

  test("loses none of it", () => {
    for (const text of [ANSWER, "a\r\nb\rc\r", "- a\n\n\n- b\n\n", "\n\n\nx", "> q\nlazy\n\n    code\n"]) {
      const lines = (value) => value.replace(/\r\n?/g, "\n").split("\n").map((line) => line.trimEnd()).filter(Boolean);
      assert.deepEqual(lines(inPieces(text, 1).map(({ source }) => source).join("")), lines(text));
    }
  });

  const FINAL = [
    ["a paragraph at the blank line below it", "one\ntwo\n\nthree", ["one\ntwo"]],
    ["a paragraph at the list right below it", "Such as:\n- a\n", ["Such as:\n"]],
    ["a heading when something follows it", "# one\nt", ["# one\n"]],
    ["code when something follows its end", "```\na\n```\nb", ["```\na\n```\n"]],
    ["an item when two others follow it", "- a\n- b\n- c", ["- a\n"]],
    ["the head of a table and its rows, two rows later", "|a|\n|-|\n|1|\n|2|\n|3|\n", ["|a|\n|-|\n", "|1|\n"]],
  ];
  for (const [what, text, expected] of FINAL) {
    test(`gives away ${what}`, () => assert.deepEqual(finalAt(text).flat(), expected));
  }

  const OPEN = [
    ["a paragraph that may be the head of a table", "text\n| a |\n|-"],
    ["a paragraph that may be a definition", "[x]: /u 'ti\n- tle"],
    ["a list before the next line is complete", "- a\n\ntext"],
    ["a fence that has no end", "```\na\n\nb\n\n# c\n"],
    ["a formula without an end", "$$\na\n- b\n# c\n"],
  ];
  for (const [what, text] of OPEN) {
    test(`keeps ${what}`, () => assert.deepEqual(finalAt(text).flat(), []));
  }

  test("is read no further back at its end than at its beginning", () => {
    const outline = new IncrementalParser(SYNTAX);
    let longest = 0;
    for (const piece of ANSWER.repeat(20).match(/[^]{1,40}/g)) {
      outline.append(piece);
      outline.read();
      longest = Math.max(longest, outline.openLength);
    }
    assert.ok(longest < ANSWER.length, `${longest} characters were open`);
  });
});
