const CHANNEL = "chatsite";

/**
 * Tells this browser's other tabs that an answer is being written, so that they show it too.
 *
 * @typedef {object} News
 * @property {string} conversation
 * @property {string} message the answer
 * @property {string} generation which writes it
 * @property {string[]} thread the messages up to it
 */
export class OtherTabs {
  #channel = new BroadcastChannel(CHANNEL);

  /** @param {(news: News) => void} onAnswer */
  constructor(onAnswer) {
    this.#channel.onmessage = ({ data }) => onAnswer(data);
  }

  /** @param {News} news */
  tell(news) {
    this.#channel.postMessage(news);
  }
}
