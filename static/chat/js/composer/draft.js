/** @type {Written} */
const NOTHING = { text: "", attachments: [] };
const EMPTY = stateOf(NOTHING);

/**
 * What has been written in one composer, and the files beside it, that has not been accepted, kept so that it survives a
 * reload.
 *
 * While something is on its way it is part of the draft, before what is written meanwhile. What was sent in vain keeps
 * its ids as long as nobody changes it.
 *
 * @typedef {import("./draft_storage.js").DraftStorage} DraftStorage
 * @typedef {import("./draft_storage.js").Sent} Sent
 * @typedef {import("./draft_storage.js").Written} Written
 * @typedef {import("../api/requests.js").Question} Question
 */
export class Draft {
  #drafts;
  #place;
  /** @type {Sent | undefined} */
  #sent;
  #saved = EMPTY;

  /** @param {DraftStorage} drafts @param {string} place the conversation that it belongs to */
  constructor(drafts, place) {
    this.#drafts = drafts;
    this.#place = place;
  }

  /** What belongs into the composer: all that is not known to have reached the server. @returns {Written | null} null: there is no draft */
  restore() {
    const draft = this.#drafts.read(this.#place);
    if (!draft) return null;
    const { typed = "", attachments = [], sent } = draft;
    const written = { text: typed, attachments };
    this.#saved = stateOf(written, sent);
    this.#sent = sent;
    if (!sent || !document.getElementById(`message-${sent.id}`)) return this.takeBack(written);
    const rest = sent.isBack ? NOTHING : written;
    this.accepted(this.#place, rest);
    return rest;
  }

  /** Under which ids this was sent before. @param {Written} written what is in the composer @returns {Sent | undefined} */
  sentBefore(written) {
    return this.#sent?.isBack && areSame(this.#sent, written) ? this.#sent : undefined;
  }

  /** Nothing if it has not changed: another tab may have saved what is written there. @param {Written} written */
  save(written) {
    const sent = this.#sent?.isBack ? this.sentBefore(written) : this.#sent;
    const state = stateOf(written, sent);
    if (state === this.#saved) return;
    this.#saved = state;
    this.#drafts.write(this.#place, { typed: written.text, attachments: written.attachments, sent });
  }

  /** Another tab has written drafts, perhaps over ours: what is in the composer here is to be saved again. */
  overwritten() {
    if (this.#saved !== EMPTY) this.#saved = "";
  }

  /** It is on its way. @param {Question} question */
  handOver({ text, attachments, id, conversation, parent }) {
    this.#sent = { text, attachments, id, conversation, parent, isBack: false };
    this.save(NOTHING);
  }

  /** It came back. @param {Written} written what is in the composer now @returns {Written} what belongs there */
  takeBack(written) {
    if (!this.#sent) return written;
    const all = this.#sent.isBack ? written : joined(this.#sent, written);
    this.#sent = { ...this.#sent, isBack: true };
    this.save(all);
    return all;
  }

  /** The server has it. @param {string} place where it is now @param {Written} written what was written meanwhile */
  accepted(place, written) {
    this.discard();
    this.#place = place;
    this.save(written);
  }

  /** Nobody needs it any more. */
  discard() {
    this.#drafts.forget(this.#place);
    this.#sent = undefined;
    this.#saved = EMPTY;
  }

  /** It is to be sent when its writer comes back from the login. @param {Written} written @returns {Sent | undefined} */
  awaitLogin(written) {
    const sent = this.sentBefore(written);
    if (sent) sent.awaitsLogin = true;
    this.save(written);
    return sent;
  }

  /** Is this what its writer has come back with? Says so once. @param {Written} written @param {string} id */
  hasReturned(written, id) {
    const sent = this.sentBefore(written);
    const isAwaited = sent?.id === id && sent.awaitsLogin === true;
    if (sent) sent.awaitsLogin = false;
    this.save(written);
    return isAwaited;
  }
}

/** @param {Written} written @param {Sent} [sent] */
function stateOf({ text, attachments }, sent) {
  return JSON.stringify([text, attachments, sent]);
}

/** @param {Sent} sent @param {Written} written */
function areSame(sent, { text, attachments }) {
  return sent.text === text && idsOf(sent.attachments) === idsOf(attachments);
}

/** @param {import("./draft_storage.js").Attachment[]} [attachments] */
function idsOf(attachments = []) {
  return attachments.map(({ id }) => id).join();
}

/** @param {Sent} sent @param {Written} written @returns {Written} */
function joined(sent, { text, attachments }) {
  return {
    text: [sent.text, text].filter(Boolean).join("\n\n"),
    attachments: [...(sent.attachments ?? []), ...attachments],
  };
}
