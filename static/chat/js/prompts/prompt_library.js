/** How long what was fetched is taken for true. */
const FRESH_MS = 30_000;

/**
 * The prompts that the site offers this user, fetched when they are needed first, and again when they may have changed.
 *
 * @typedef {{id: string, name: string, text: string, is_shared: boolean}} Prompt
 */
export class PromptLibrary {
  #url;
  /** @type {Prompt[]} */
  #prompts = [];
  #freshUntil = 0;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
  }

  /** Those with this in their name; first those that begin with it. @param {string} words @returns {Prompt[]} */
  find(words) {
    const wanted = words.trim().toLocaleLowerCase();
    const places = this.#prompts.map((prompt) => ({ prompt, at: prompt.name.toLocaleLowerCase().indexOf(wanted) }));
    const found = places.filter(({ at }) => at >= 0).sort((a, b) => Math.min(a.at, 1) - Math.min(b.at, 1));
    return found.map(({ prompt }) => prompt);
  }

  /** Fetches them, unless that was done just now; what is known stays where they cannot be had. */
  async refresh() {
    if (Date.now() < this.#freshUntil) return;
    this.#freshUntil = Date.now() + FRESH_MS;
    try {
      const response = await fetch(this.#url, { headers: { Accept: "application/json" } });
      this.#prompts = (await response.json()).prompts ?? this.#prompts;
    } catch {
      this.#freshUntil = 0;
    }
  }
}
