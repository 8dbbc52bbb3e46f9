const EMPTY = stateOf("");

/**
 * What has been typed into one composer and has not been accepted, kept so that it survives a reload.
 *
 * While a text is on its way it is part of the draft, before what is typed meanwhile. A text that was sent in vain
 * keeps its ids as long as nobody changes it.
 *
 * @typedef {import("./drafts.js").Drafts} Drafts
 * @typedef {import("./drafts.js").Sent} Sent
 * @typedef {import("./http.js").Question} Question
 */
export class Draft {
  #drafts;
  #place;
  /** @type {Sent | undefined} */
  #sent;
  #saved = EMPTY;

  /** @param {Drafts} drafts @param {string} place the conversation that it belongs to */
  constructor(drafts, place) {
    this.#drafts = drafts;
    this.#place = place;
  }

  /** What belongs into the field: all that is not known to have reached the server. */
  restore() {
    const { typed = "", sent } = this.#drafts.read(this.#place) ?? {};
    this.#saved = stateOf(typed, sent);
    this.#sent = sent;
    if (!sent || !document.getElementById(`message-${sent.id}`)) return this.takeBack(typed);
    const rest = sent.isBack ? "" : typed;
    this.accepted(this.#place, rest);
    return rest;
  }

  /** Under which ids this text was sent before. @param {string} typed what is in the field @returns {Sent | undefined} */
  sentBefore(typed) {
    return this.#sent?.isBack && this.#sent.text === typed ? this.#sent : undefined;
  }

  /** Nothing if it has not changed: another tab may have saved what is typed there. @param {string} typed */
  save(typed) {
    const sent = this.#sent?.isBack ? this.sentBefore(typed) : this.#sent;
    const state = stateOf(typed, sent);
    if (state === this.#saved) return;
    this.#saved = state;
    this.#drafts.write(this.#place, { typed, sent });
  }

  /** Another tab has written drafts, perhaps over ours: what is in the field here is to be saved again. */
  overwritten() {
    if (this.#saved !== EMPTY) this.#saved = "";
  }

  /** The text is on its way. @param {Question} question */
  handOver({ text, id, conversation, parent }) {
    this.#sent = { text, id, conversation, parent, isBack: false };
    this.save("");
  }

  /** It came back. @param {string} typed what is in the field now @returns {string} what belongs there */
  takeBack(typed) {
    if (!this.#sent) return typed;
    const text = this.#sent.isBack ? typed : [this.#sent.text, typed].filter(Boolean).join("\n\n");
    this.#sent = { ...this.#sent, isBack: true };
    this.save(text);
    return text;
  }

  /** The server has it. @param {string} place where it is now @param {string} typed what was typed meanwhile */
  accepted(place, typed) {
    this.discard();
    this.#place = place;
    this.save(typed);
  }

  /** Nobody needs it any more. */
  discard() {
    this.#drafts.forget(this.#place);
    this.#sent = undefined;
    this.#saved = EMPTY;
  }

  /** It is to be sent when its writer comes back from the login. @param {string} typed @returns {Sent | undefined} */
  awaitLogin(typed) {
    const sent = this.sentBefore(typed);
    if (sent) sent.awaitsLogin = true;
    this.save(typed);
    return sent;
  }

  /** Is this the text that its writer has come back with? Says so once. @param {string} typed @param {string} id */
  hasReturned(typed, id) {
    const sent = this.sentBefore(typed);
    const isAwaited = sent?.id === id && sent.awaitsLogin === true;
    if (sent) sent.awaitsLogin = false;
    this.save(typed);
    return isAwaited;
  }
}

/** @param {string} typed @param {Sent} [sent] */
function stateOf(typed, sent) {
  return JSON.stringify([typed, sent]);
}
