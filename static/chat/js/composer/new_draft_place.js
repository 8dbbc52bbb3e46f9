import { holdDraft } from "./orphaned_drafts.js";
import { uuid } from "../lib/uuid.js";

const KEY = "chatsite.tab";

/**
 * Where a tab keeps the draft of a conversation that does not exist yet: each tab its own. One that a tab left behind
 * (closed, crashed, or gone on to something else) is taken over by the next that begins, so that it is not lost.
 */
export class NewDraftPlace {
  #drafts;
  #kind;
  #own = "";

  /** @param {import("./draft_storage.js").DraftStorage} drafts @param {string} kind of conversation */
  constructor(drafts, kind) {
    this.#drafts = drafts;
    this.#kind = kind;
  }

  /** Takes it, with what is there. @returns {string} */
  take() {
    const own = `${this.#kind}.${tab()}`;
    const from = this.#drafts.read(own) ? own : this.#left;
    const draft = from && this.#drafts.read(from);
    if (from && draft) this.#move(from, own, { ...draft, isLeft: false });
    this.#own = own;
    return own;
  }

  /** To be called once the composer listens, which keeps the draft on leaving: whoever has it no more on show says so after that. */
  leaveWithPage() {
    addEventListener("pagehide", () => this.#leave(this.#own));
    holdDraft(this.#own);
  }

  /** A draft that nobody has on show; also one from when all tabs had the same. */
  get #left() {
    const places = this.#drafts.places.filter((place) => place === this.#kind || place.startsWith(`${this.#kind}.`));
    return places.find((place) => place === this.#kind || this.#drafts.read(place)?.isLeft);
  }

  /** @param {string} from @param {string} to @param {import("./draft_storage.js").Draft} draft */
  #move(from, to, draft) {
    const settings = from === to ? null : this.#drafts.read(settingsOf(from));
    if (settings) this.#drafts.write(settingsOf(to), settings);
    if (from !== to) for (const place of [from, settingsOf(from)]) this.#drafts.forget(place);
    this.#drafts.write(to, draft);
  }

  /** @param {string} own */
  #leave(own) {
    const draft = this.#drafts.read(own);
    if (draft) this.#drafts.write(own, { ...draft, isLeft: true });
  }
}

/** Where the settings of such a conversation are kept. @param {string} place */
export function settingsOf(place) {
  return `${place}.settings`;
}

/** This tab's name, which outlives a reload and a login. */
function tab() {
  try {
    const name = sessionStorage.getItem(KEY) ?? uuid();
    sessionStorage.setItem(KEY, name);
    return name;
  } catch {
    return uuid();
  }
}
