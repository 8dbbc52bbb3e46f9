/** Texts of every kind of block, whole and cut up, to find where Markdown reaches further back than we think. */
import { EXAMPLES } from "./commonmark.js";

const BITS = [
  "- ", "* ", "1. ", "2) ", "> ", "# ", "```\n", "```js\n", "~~~\n", "\n", "\n\n", "\n\n\n", "  ", "    ", "\t", "a", "b c", "**", "*", "_", "`",
  "|", "| a | b |\n", "|---|---|\n", "|-|\n", "| 1 | 2 |\n", "---\n", "===\n", "***\n", "[x]: /u\n", "[x]", "[x]: /u 'ti", "tle'\n",
  "<div>", "</div>\n", "<details>\n", "</details>\n", "<b>", "</b>", "<!-- ", "-->", "$$\n", "$$", "\\[\n", "\\]\n", "$x$", "\\(", "\\)",
  "text\n", "foo bar\n", "- [ ] t\n", "1", "-", "=", "[", "](http://a.b)", "!", "<pre>\n", "</pre>\n", "<script>", "</script>", "\r\n", "&amp;", "\\",
];
const EXAMPLE_SHARE = 0.35;

/** @param {() => number} random */
export function anyText(random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const some = (most, make) => Array.from({ length: 1 + Math.floor(random() * most) }, make).join("");
  if (random() < EXAMPLE_SHARE) return some(4, () => pick(EXAMPLES).markdown + pick(["", "\n", "\n\n"]));
  return some(25, () => pick(BITS));
}

/** An answer as models write them. */
export const ANSWER = String.raw`# A heading

A paragraph with **bold**, *italic*, ***both***, ~~struck~~ and ` + "`code`" + String.raw`, a [link](https://example.org/a "title"),
an <https://auto.example>, www.example.com, and a [reference][later] that is defined at the end.

Setext
------

- one
- two **bold**
  - nested [x](https://n.example)
  1. numbered

  a paragraph in an item

- [ ] open task
- [x] done task

3. three
4. four

> A quote
> - with a list
lazy

| Left | Centre | Right |
|:-----|:------:|------:|
| a    | **b**  | $c$   |
| d    | ` + "`|`" + String.raw` e  | f \| g |

` + "```python\ndef f(x: int) -> int:\n    return x ** 2  # *not* emphasised\n```\n\n    indented code\n\n~~~\nplain [later]\n~~~" + String.raw`

Inline $e^{i\pi} + 1 = 0$ and \(a_b\), but $5 and $10 is money.

$$
\int_0^1 x^2 \, dx = \frac{1}{3}
$$

\[
\begin{aligned} a &= b \\ c &= d \end{aligned}
\]

<details>
<summary>More</summary>

Hidden **text**.

</details>

H<sub>2</sub>O &amp; a<br>break, <script>alert(1)</script>.

![an image](https://images.example/x.png)

---

[later]: https://later.example/path 'Later'
`;
