/**
 * Where something comes next in a text that is read from its beginning to its end: looked for once, however often it is
 * asked for from further on. Each block that looks for it anew would cost the square of a text.
 */
export class Lookahead {
  /** By what is looked for: how much text was left where the search began, and where it was found (0: nowhere). @type {Map<RegExp, {from: number, left: number}>} */
  #known = new Map();

  /**
   * @param {RegExp} pattern
   * @param {string} source the end of the text
   * @param {(source: string) => number} [find]
   * @returns {number} the index in `source`; negative: nowhere
   */
  index(pattern, source, find = (text) => text.search(pattern)) {
    const known = this.#known.get(pattern);
    if (known && source.length <= known.from && (!known.left || known.left <= source.length)) return known.left ? source.length - known.left : -1;
    const index = find(source);
    this.#known.set(pattern, { from: source.length, left: index < 0 ? 0 : source.length - index });
    return index;
  }
}
