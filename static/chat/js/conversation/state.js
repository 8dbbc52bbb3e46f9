/**
 * What a conversation is doing, and who began it. This is the one place that knows; all else asks here. Pure: it is
 * told what happens, and tells its listener when it is doing something else.
 *
 * | state     | ask     | follow    | stop      | start     | refuse | end  | lose | leave |
 * |-----------|---------|-----------|-----------|-----------|--------|------|------|-------|
 * | idle      | sending | answering |           |           |        |      |      |       |
 * | sending   |         |           | stopping  | answering | idle   |      |      |       |
 * | stopping  |         |           | stopping  | answering | idle   |      |      |       |
 * | answering |         |           | answering | answering |        | idle | idle | idle  |
 *
 * idle: nothing is asked. sending: a turn is on its way, and may still be refused. stopping: the same, to be stopped as
 * soon as it is known which generation answers it; it is not sent again, and what is not on its way is refused at once. answering: a generation writes, and this page follows it.
 *
 * ask: a turn is sent. follow: the page came with a generation that runs. stop: its reader wants no more. start: the
 * site says which generation it is. refuse: the turn came to nothing. end: the generation has ended. lose: it is not
 * followed here any more, as when the network fails or the reader has lost the right to it; it may go on at the site. (A
 * login that was replaced is no happening.) leave: another branch is shown. What has no entry must not happen, and throws.
 *
 * @typedef {import("../api/requests.js").Turn} Turn
 * @typedef {"idle" | "sending" | "stopping" | "answering"} Name
 * @typedef {"ask" | "follow" | "stop" | "start" | "refuse" | "end" | "lose" | "leave"} Happening
 */
export class ConversationState {
  /** @type {Name} */
  #name = "idle";
  /** @type {Turn | null} */
  #turn = null;
  #generation = "";
  #conversation;
  #isNew;
  #newId;
  #onChange;

  /**
   * @param {{conversation: string, isNew: boolean}} page as the site has rendered it
   * @param {() => string} newId what another conversation is to be called
   * @param {(before: Name) => void} onChange
   */
  constructor({ conversation, isNew }, newId, onChange) {
    this.#conversation = conversation;
    this.#isNew = isNew;
    this.#newId = newId;
    this.#onChange = onChange;
  }

  get name() {
    return this.#name;
  }

  get isIdle() {
    return this.#name === "idle";
  }

  /** Is a turn on its way that has not been granted yet? */
  get isSending() {
    return this.#name === "sending" || this.#name === "stopping";
  }

  get isAnswering() {
    return this.#name === "answering";
  }

  /** What was asked of it here. Null: nothing, or it was asked elsewhere: by another tab, another device, or before a reload. */
  get turn() {
    return this.#turn;
  }

  /** Which generation answers; empty while none is known. */
  get generation() {
    return this.#generation;
  }

  /** Its id, which the site takes over with the first turn. */
  get conversation() {
    return this.#conversation;
  }

  /** Has the site not heard of it yet? */
  get isNew() {
    return this.#isNew;
  }

  /** @param {Happening} happening */
  may(happening) {
    return happening in TRANSITIONS[this.#name];
  }

  /** @param {Turn} turn */
  ask(turn) {
    this.#pass("ask", { turn });
  }

  /** @param {string} generation */
  follow(generation) {
    this.#pass("follow", { generation });
  }

  stop() {
    this.#pass("stop", { turn: this.#turn, generation: this.#generation });
  }

  /** What was sent in vain before may have brought a conversation's id of its own. @param {{conversation: string, generation: string}} start */
  start({ conversation, generation }) {
    this.#pass("start", { turn: this.#turn, generation }, () => {
      this.#conversation = conversation;
      this.#isNew = false;
    });
  }

  /** Under the id of a new conversation nothing else is asked: the site may have stored what it did not grant. */
  refuse() {
    this.#pass("refuse", {}, () => {
      if (this.#isNew) this.#conversation = this.#newId();
    });
  }

  end() {
    this.#pass("end");
  }

  lose() {
    this.#pass("lose");
  }

  leave() {
    this.#pass("leave");
  }

  /**
   * @param {Happening} happening
   * @param {{turn?: Turn | null, generation?: string}} [now] what it is about from now on
   * @param {() => void} [change] what else changes, before anybody hears of it
   */
  #pass(happening, { turn = null, generation = "" } = {}, change) {
    const before = this.#name;
    const next = TRANSITIONS[before][happening];
    if (!next) throw new Error(`"${happening}" must not happen to a conversation that is ${before}`);
    this.#name = next;
    this.#turn = turn;
    this.#generation = generation;
    change?.();
    if (next !== before) this.#onChange(before);
  }
}

/** @type {Record<Name, Partial<Record<Happening, Name>>>} */
const TRANSITIONS = {
  idle: { ask: "sending", follow: "answering" },
  sending: { stop: "stopping", start: "answering", refuse: "idle" },
  stopping: { stop: "stopping", start: "answering", refuse: "idle" },
  answering: { stop: "answering", start: "answering", end: "idle", lose: "idle", leave: "idle" },
};
