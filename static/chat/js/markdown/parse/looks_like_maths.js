/**
 * Is what stands between two single dollar signs a formula? `$` is money, a variable of a shell or a template, too, so
 * what decides is what formulas are made of, and what they are never made of. Each pattern takes linear time.
 */

/** TeX: nobody writes it but for a formula. */
const COMMAND = /\\(?:[A-Za-z]|[{}|,;:! %&#_])/;
/** What makes a formula of words: `distance = speed`. */
const RELATION = /[=^_<>≈≠≤≥∈→]/;
/** A formula may go on as the word that it counts, `$n$th`, and in scripts without spaces; no other goes on. */
const GOES_ON = /^(?!(?:th|st|nd|rd|s)(?![A-Za-z0-9_]))[A-Za-z0-9_{$]/;
/** As in US$3; but letters of scripts without spaces stand right before a formula. */
const WORD_BEFORE = /(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}])[\p{L}\p{N}$]$/u;
const FUNCTIONS = /(?<![A-Za-z])(?:arg|cos|cot|deg|det|dim|exp|gcd|inf|ker|lcm|lim|ln|log|max|min|mod|sin|sup|tan|tr|if|for|and|or)(?![A-Za-z])/g;
const AMOUNT = /^[+-]?\d/;
const OTHER_SCRIPT = /(?![\p{Script=Latin}\p{Script=Greek}\p{Script=Common}\p{Script=Inherited}])\p{L}/u;
/** The alphabet in its order: the corners of a figure, `$ABCD$`. */
const CORNERS = /^A?B?C?D?E?F?G?H?I?J?K?L?M?N?O?P?Q?R?S?T?U?V?W?X?Y?Z?$/;
const IDENTIFIER = /^[A-Za-z]{4,}\d*$|^[A-Za-z]{4,}_\w*$/;

/** What no formula is that has no command of TeX in it. */
const NEVER = [
  /["@&~?]|::/,
  /\p{L}{2}[,.;:]?\s+\p{L}{2}/u, // words
  /[,.;]\s+\p{L}{2}/u,
  /[/:([{]$|\s['’]$|^[/:)\]}]/,
  /^\{[A-Za-z]\w+\}/,
  /[A-Za-z]{4}\/|(?<![A-Za-z])[A-Z]{3}\//, // a path
];
/** What no formula is that begins with a number: an amount, and another one in another currency. */
const NEVER_AFTER_AN_AMOUNT = [
  /[;,(–—-]\s*[A-Z]{1,3}$/,
  /(?<![A-Za-z])(?:US|CA|AU|NZ|HK|SG|NT|MX|USD|CAD|AUD)$/,
  /\p{L}\s+[A-Z]{1,3}$/u,
  /[-–—+*/,;]$/,
  /;\s/,
  /\s(?:to|or|and|vs|per|each|plus|und|oder|bis|et|ou|y|o|e|a|für|for|in)\s/,
];

/** @param {string} text @param {string} before @param {string} after */
export function looksLikeMaths(text, before, after) {
  if (WORD_BEFORE.test(before) || GOES_ON.test(after)) return false;
  if (COMMAND.test(text)) return true;
  if (!isBalanced(text)) return false;
  const bare = text.replace(FUNCTIONS, "");
  if (NEVER.some((pattern) => pattern.test(bare))) return false;
  if (IDENTIFIER.test(text) && !CORNERS.test(text)) return false;
  if (RELATION.test(text) && !(AMOUNT.test(text) && OTHER_SCRIPT.test(text))) return true;
  return !OTHER_SCRIPT.test(text) && !(AMOUNT.test(text) && NEVER_AFTER_AN_AMOUNT.some((pattern) => pattern.test(text)));
}

/** Has it as many brackets that open as that close? Those of an interval may be of two kinds. @param {string} text */
function isBalanced(text) {
  return text.split(/[([{]/).length === text.split(/[)\]}]/).length;
}
