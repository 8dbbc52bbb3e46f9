import assert from "node:assert/strict";
import { describe, test } from "node:test";

import "../../support/dom.js";

const { default: purify } = await import("dompurify");
const { Highlighting } = await import("../../../../static/chat/js/markdown/render/highlighting.js");

const SAMPLES = [
  ["js", "let x = `a ${1 + 2} b`; // end\n/* a comment\nover lines */\nlet y = 'z';\n"],
  ["python", "def f(x):\n    \"\"\"A text\n\n    of lines.\n    \"\"\"\n    return f'{x}'  # end\n\n"],
  ["html", "<p class='x'>text</p>\n<script>\nlet x = 1;\nlet y = 2;\n</script>\n"],
  ["css", "/* a\nb */\n.a { color: red; }\n"],
];

const highlighting = new Highlighting(purify);
await highlighting.load();

function drawn(text, language, draw) {
  const code = Object.assign(document.createElement("code"), { textContent: text });
  highlighting[draw](code, language);
  return code.innerHTML;
}

describe("code that grows", () => {
  for (const [language, sample] of SAMPLES) {
    test(`has in ${language} the colours of the whole, wherever it has come to`, () => {
      const text = sample.repeat(Math.ceil(2_600 / sample.length));
      for (let length = 37; length < text.length; length += 397) {
        const part = text.slice(0, length);
        assert.equal(drawn(part, language, "drawGrowing"), drawn(part, language, "draw"), part.slice(-60));
      }
    });
  }

  test("is coloured anew where it becomes another", () => {
    drawn("let x;\n".repeat(300), "js", "drawGrowing");
    assert.equal(drawn("x = 1\n".repeat(300), "python", "drawGrowing"), drawn("x = 1\n".repeat(300), "python", "draw"));
  });
});
