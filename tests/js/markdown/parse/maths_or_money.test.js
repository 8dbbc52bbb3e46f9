import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as marked from "marked";

import { looksLikeMaths } from "../../../../static/chat/js/markdown/parse/looks_like_maths.js";
import { Syntax } from "../../../../static/chat/js/markdown/parse/syntax.js";

const SYNTAX = new Syntax(marked);

/** Sentences with formulas, which follow them. */
const MATHS = [
  ["Let $x$ be a number.", "x"],
  ["If $n$ is even, $n^2$ is even.", "n", "n^2"],
  ["Euler: $e^{i\\pi} + 1 = 0$.", "e^{i\\pi} + 1 = 0"],
  ["Energy is $E = mc^2$, always.", "E = mc^2"],
  ["The roots of $ax^2 + bx + c = 0$ are real.", "ax^2 + bx + c = 0"],
  ["A line is $y = mx + b$ ($m$ is its slope).", "y = mx + b", "m"],
  ["The $n$th term and the $2$nd.", "n", "2"],
  ["Use $k$-means with $k = 3$.", "k", "k = 3"],
  ["All the $x$s are $y$s.", "x", "y"],
  ["The answer is $5$.", "5"],
  ["It is about $3.14$, or $22/7$.", "3.14", "22/7"],
  ["So $-7 < 0$ and $0 < 7$.", "-7 < 0", "0 < 7"],
  ["$1 + 1 = 2$", "1 + 1 = 2"],
  ["We have $2x + 3y$ apples.", "2x + 3y"],
  ["$10 \\times 10 = 100$ cells.", "10 \\times 10 = 100"],
  ["It runs in $O(n \\log n)$ time.", "O(n \\log n)"],
  ["It runs in $O(n)$, not in $O(1)$.", "O(n)", "O(1)"],
  ["In $O(n log n)$ steps.", "O(n log n)"],
  ["The interval $[0, 1)$ is half open.", "[0, 1)"],
  ["For $i = 1, 2, \\dots, n$ it holds.", "i = 1, 2, \\dots, n"],
  ["The set $\\{1, 2, 3\\}$ is finite.", "\\{1, 2, 3\\}"],
  ["Triangle $ABC$ in the square $ABCD$.", "ABC", "ABCD"],
  ["The ideal gas: $PV = nRT$.", "PV = nRT"],
  ["Its derivative $f'$ is $f'(x) = 2x$.", "f'", "f'(x) = 2x"],
  ["There are $n!$ orders, and $2^n$ sets.", "n!", "2^n"],
  ["The norm $|x|$ and $\\|x\\|$.", "|x|", "\\|x\\|"],
  ["Ions like $H^+$ and $Cl^-$.", "H^+", "Cl^-"],
  ["With $x_1, x_2, x_3$ and $a_{ij}$.", "x_1, x_2, x_3", "a_{ij}"],
  ["Let $x_max$ be the largest, $v_{avg}$ the mean.", "x_max", "v_{avg}"],
  ["$speed = distance / time$ is a definition.", "speed = distance / time"],
  ["$\\text{Revenue} = \\text{Price} \\times \\text{Quantity}$", "\\text{Revenue} = \\text{Price} \\times \\text{Quantity}"],
  ["The probability $P(A|B)$ is $0.5$.", "P(A|B)", "0.5"],
  ["$P(X > 3)$ is small.", "P(X > 3)"],
  ["It weighs $5\\,\\text{kg}$ or $5 kg$.", "5\\,\\text{kg}", "5 kg"],
  ["At $10 km/h$ it is slow.", "10 km/h"],
  ["A share of $50\\%$ is half.", "50\\%"],
  ["The price is $\\$5$ in maths.", "\\$5"],
  ["$f: A \\to B$ is a map; so is $f: X$.", "f: A \\to B", "f: X"],
  ["$\\sin^2 x + \\cos^2 x = 1$", "\\sin^2 x + \\cos^2 x = 1"],
  ["Take $\\frac{dy}{dx}$ or $dy/dx$.", "\\frac{dy}{dx}", "dy/dx"],
  ["$\\alpha$, $\\beta$ and $γ$", "\\alpha", "\\beta", "γ"],
  ["**Answer:** $x = 4$", "x = 4"],
  ["(where $x$ is real)", "x"],
  ["“$x$” and '$y$'", "x", "y"],
  ["设$x$为自然数，则$x+1>x$。", "x", "x+1>x"],
  ["関数$f(x)$の値は$0$です。", "f(x)", "0"],
  ["여기서 $n$은 자연수이고 $m$도 그렇다.", "n", "m"],
  ["Пусть $x$ — число, $x > 0$.", "x", "x > 0"],
  ["Soit $n \\in \\mathbb{N}$ et $m$ un entier.", "n \\in \\mathbb{N}", "m"],
  ["$速度 = 距离 / 时间$", "速度 = 距离 / 时间"],
  ["It costs $5, where $x$ is the number.", "x"],
  ["From $100 to $200: the difference is $d = 100$.", "d = 100"],
  ["The code `$x` and the formula $x$.", "x"],
  ["Water is $\\ce{H2O}$, heat $\\pu{1.2e3 J}$.", "\\ce{H2O}", "\\pu{1.2e3 J}"],
  ["Both \\(a + b\\) and $$c$$ are formulas.", "a + b", "c"],
];

/** Sentences with none. */
const MONEY = [
  "I have $24000 and you have $40000; R$ 12,29 is left.",
  "The files are in $HOME/$USER.",
  "Say `$HOME` or $HOME, and `$USER` or $USER.",
  "From $5 to $10, or US$3 and 4$.",
  "It costs $5.",
  "It costs $5 or $10.",
  "Between $5-$10 a month.",
  "Between $5–$10 a month.",
  "A price of $5/$10 is fine.",
  "$100k–$200k a year",
  "$1M, $2B and $3T",
  "I paid $100, CA$ 130 and A$ 150.",
  "I paid $100 (US$) for it.",
  "It is $20 USD, or 30 CA$ there.",
  "$5/month or US$ 60/year",
  "Custa R$ 10,50 ou R$ 12,00.",
  "Custa $5 (R$ 25) ou $6 (R$ 30).",
  "HK$7 or NT$30 or S$2",
  "Es kostet 5$ und dann 10$.",
  "Il coûte 5$ ou 10$ par mois.",
  "Стоит $5 и 10 R$.",
  "价格是$5，而在香港是HK$ 39。",
  "价格从$5到$10不等。",
  "値段は$5から$10です。",
  "가격은 $5에서 $10입니다.",
  "המחיר הוא $5 או $10.",
  "السعر $5 أو $10.",
  "Prices: $1,000.00, $2,000.00 and $3,000.50.",
  "Save $1.5 million, not $2 million.",
  "**$5** and *$10* and ~~$15~~",
  "| $5 | $10 |",
  "($5) and ($10)",
  "\"$5\" and \"$10\"",
  "-$5 and +$10",
  "~$5, ≈$10, <$15",
  "You owe me \\$5 and \\$10.",
  "$5+$10=$15",
  "$5 + $10 = $15",
  "$5 x 3 = $15",
  "A $5-a-day plan against a $10-a-day plan",
  "Revenue rose from $3.2bn to $4.1bn (up $0.9bn).",
  "$AAPL and $TSLA went up; $MSFT/$GOOG did not.",
  "Buy $AAPL, sell $TSLA.",
  "echo $PATH:$HOME",
  "cp $SRC/* $DST/",
  "ssh $USER@$HOST -p $PORT",
  "${HOME}/bin and ${USER}",
  "${a} and ${b} are placeholders",
  "$(pwd)/$(date)",
  "kill $! or $$ and $?",
  "The process $$ and its parent $$ end.",
  "Restaurants are $$ or $$$.",
  "A class of $, $$ or $$$ dollars",
  "$title$ and $name$ are placeholders",
  "$x = $y + $z; in PHP",
  "$user->name and $user->age",
  "$a.$b in Perl, $a::$b too",
  "Use $('#a') and $('#b').",
  "$.ajax({}) and $.get()",
  "$1 and $2 are groups of a pattern.",
  "s/(a)(b)/$2$1/",
  "=SUM($A$1:$B$2)",
  "The cells $A$1 and $B$2",
  "$env:USERPROFILE and $env:PATH",
  "The $ sign and the $ key",
  "a$b$c",
  "5$ and 6$",
  "`a $b` c$ d",
  "It is $5 `or` $6 `and` R$ 7.",
  "$x `code$` y",
  "Between \\(a `b\\)` there is none.",
];

function formulas(text) {
  const found = [];
  const collect = (tokens) => {
    for (const token of tokens ?? []) {
      if (token.type.startsWith("maths")) found.push(token.text);
      collect(token.tokens);
      for (const cell of token.header ?? []) collect(cell.tokens);
    }
  };
  collect(SYNTAX.tokens(text, { links: {}, isOpen: false, isLoose: false }));
  return found;
}

describe("a dollar", () => {
  for (const [sentence, ...expected] of MATHS) test(`is maths: ${sentence}`, () => assert.deepEqual(formulas(sentence), expected));
  for (const sentence of MONEY) test(`is none: ${sentence}`, () => assert.deepEqual(formulas(sentence), []));

  test("is judged in a time that grows with the text", () => {
    for (const bit of ["a", "aa ", "1", "1.", ", ", "(", "[", "–", "{a", "; ", "/", "A", "x_", " to ", " "]) {
      const start = performance.now();
      looksLikeMaths(`${bit.repeat(30_000 / bit.length)}é`, "", "");
      assert.ok(performance.now() - start < 1_000, bit);
    }
  });
});
