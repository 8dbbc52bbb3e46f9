import { Lookahead } from "./lookahead.js";
import { TooComplex } from "./too_complex.js";

/** Quotes in lists in quotes: nobody reads deeper, and each level costs a call within a call. */
const DEEPEST_BLOCK = 24;
const DEEPEST_INLINE = 48;
/** Text that is read within a block, once for each level that it is in; marked reads some of it anew for a lazy line. */
const MOST_NESTED_CHARS = 400_000;
/** Each step within a line costs a part of the rest of it, because marked looks for an end there; at a mark of emphasis all. */
const MOST_INLINE_WORK = 2_000_000;
const SHARE_OF_A_STEP = 0.25;
const EMPHASIS = /^[*_~]/;

/**
 * Marked's lexer, of which one block cannot take more than its share. What is counted is text and steps, not time: so a
 * text is read alike on every machine, streamed, as a whole and after a reload.
 *
 * @param {typeof import("marked")} marked
 */
export function boundedLexer({ Lexer }) {
  return class BoundedLexer extends Lexer {
    /** Has it met a block that is too complex? */
    isTooComplex = false;
    ahead = new Lookahead();
    #depth = 0;
    #inlineDepth = 0;
    #nestedChars = 0;
    #inlineWork = 0;
    #isInQuote = false;

    /** @override @param {string} source @param {any} [tokens] @param {boolean} [isClipped] @returns {any} */
    blockTokens(source, tokens = [], isClipped = false) {
      if (this.#depth !== 1) return this.#deeper(source, tokens, isClipped);
      if (!this.#isInQuote) this.#nestedChars = 0;
      const { state, inlineQueue } = this;
      const before = { ...state };
      const [known, queued] = [tokens.length, inlineQueue.length];
      try {
        return this.#deeper(source, tokens, isClipped);
      } catch (error) {
        if (!(error instanceof TooComplex)) throw error;
        this.isTooComplex = true;
        Object.assign(state, before, { top: true });
        inlineQueue.length = queued;
        tokens.splice(known, Infinity, { type: "asWritten", raw: source, text: source });
        return tokens;
      }
    }

    /** What is not read at all. @param {string} raw */
    asWritten(raw) {
      if (this.#depth > 1) throw new TooComplex();
      this.isTooComplex = true;
      return { type: "asWritten", raw, text: raw };
    }

    /** A quote with all in it, which marked reads again and again. @template T @param {() => T} read @returns {T} */
    quote(read) {
      if (this.#isInQuote || this.#depth !== 1) return read();
      this.#isInQuote = true;
      this.#nestedChars = 0;
      try {
        return read();
      } finally {
        this.#isInQuote = false;
      }
    }

    /** @override @param {string} source @param {import("marked").Token[]} [tokens] */
    inlineTokens(source, tokens) {
      this.#inlineDepth += 1;
      try {
        if (this.#inlineDepth > DEEPEST_INLINE) throw new TooComplex();
        this.spend(source);
        return super.inlineTokens(source, tokens);
      } finally {
        this.#inlineDepth -= 1;
      }
    }

    /** One step within a line. @param {string} rest */
    spend(rest) {
      this.#inlineWork += rest.length * (EMPHASIS.test(rest) ? 1 : SHARE_OF_A_STEP);
      if (this.#inlineWork > MOST_INLINE_WORK) throw new TooComplex();
    }

    /** @param {string} source @param {any} tokens @param {boolean} isClipped @returns {any} */
    #deeper(source, tokens, isClipped) {
      const { ahead } = this;
      this.#depth += 1;
      this.ahead = new Lookahead();
      try {
        if (this.#depth > 1) this.#nestedChars += source.length;
        if (this.#depth > DEEPEST_BLOCK || this.#nestedChars > MOST_NESTED_CHARS) throw new TooComplex();
        return super.blockTokens(source, tokens, isClipped);
      } finally {
        this.#depth -= 1;
        this.ahead = ahead;
      }
    }
  };
}
