import { Announcer } from "../ui/announcer.js";
import { AutoScroll } from "../ui/auto_scroll.js";
import { Composer } from "../composer/composer.js";
import { ConversationSettings } from "../settings/conversation_settings.js";
import { ConversationState } from "./state.js";
import { ConversationTitle } from "./conversation_title.js";
import { DraftStorage } from "../composer/draft_storage.js";
import { DropZone } from "../attachments/drop_zone.js";
import { FailureMessages } from "./failure_messages.js";
import { Feedback } from "../message/feedback.js";
import { LiveAnswer } from "./live_answer.js";
import { MessageActions } from "../message/message_actions.js";
import { MessageView } from "../message/message_view.js";
import { ModelText } from "../markdown/model_text.js";
import { NewDraftPlace, settingsOf } from "../composer/new_draft_place.js";
import { Requests } from "../api/requests.js";
import { ScrollAnchor } from "../ui/scroll_anchor.js";
import { ScrollRestoration } from "../ui/scroll_restoration.js";
import { Sidebar } from "../sidebar/sidebar.js";
import { TemporaryConversation } from "./temporary_conversation.js";
import { Thread } from "./thread.js";
import { TurnView } from "./turn_view.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { pageAddress } from "../ui/page_address.js";
import { tellTimeZone } from "../ui/time_zone.js";
import { uuid } from "../lib/uuid.js";

/** Where the drafts of conversations that do not exist yet are kept. */
const NEW = "new";
const NEW_TEMPORARY = "new-temporary";
const BEING_WRITTEN = gettext("The answer is being written.");
const IS_COMPLETE = gettext("The answer is complete.");
const ASK_BELOW = gettext("This conversation has gone on elsewhere. What came is shown; what you wrote was not sent. Send it to ask below that.");
const DECIDED = gettext("This was decided elsewhere. What came of it is shown.");
const RENEWED = gettext("This site has a new version. Reload the page when it suits you: what you write is kept.");
/** How an answer ended that waits for a yes, and why nothing is asked below it. */
const WAITING = "waiting";
/** Not needed before all else is there. */
const ELSEWHERE_MS = 1_000;
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const UNREACHABLE = gettext("The site could not be reached. Try again.");

/**
 * The page of a conversation: what is asked, which answer is being written, how it ended. One answer at a time: the
 * state says whether there is one, and is told of all that happens to it here.
 *
 * @typedef {import("../api/requests.js").Question} Question
 * @typedef {import("../api/requests.js").Turn} Turn
 * @typedef {import("../lib/stream.js").Start} Start
 * @typedef {import("../lib/stream.js").Ending} Ending
 * @typedef {import("../lib/stream.js").Failure} Failure
 */
export class ConversationPage {
  #thread = new Thread(byId("thread"), (id) => this.#requests.messageUrls(id));
  #scroll = new AutoScroll(this.#thread.element, byId("jump"));
  /** What is above the part that is on the page; most pages have all. @type {Promise<import("./earlier_messages.js").EarlierMessages | null> | null} */
  #earlier = null;
  #announcer = new Announcer(byId("status"), byId("voice"));
  #failureMessages;
  #scrollRestoration;
  #composer;
  #draftPlace;
  #drafts;
  #settings;
  #sidebar;
  #requests;
  #temporary;
  #title;
  /** That the page is of; empty where it is known to be behind. */
  #version;
  /** What was told to the page before it was rendered. */
  #told;
  /** @type {import("./elsewhere.js").Elsewhere | null} */
  #elsewhere = null;
  /** @type {import("../composer/message_editor.js").MessageEditor | null} */
  #editor = null;
  #state;
  /** The last answer that was followed, or is. @type {LiveAnswer | null} */
  #answer = null;

  /** @param {HTMLElement} page */
  constructor(page) {
    const rendered = { conversation: page.dataset["conversation"] ?? "", isNew: "new" in page.dataset };
    this.#state = new ConversationState(rendered, uuid, (before) => this.#changed(before));
    this.#version = page.dataset["version"] ?? "";
    this.#told = page.dataset["told"] ?? "";
    this.#drafts = new DraftStorage(byId("account").dataset["user"] ?? "");
    this.#requests = new Requests(JSON.parse(page.dataset["addresses"] ?? "{}"));
    tellTimeZone(this.#requests.newConversationUrl);
    this.#temporary = new TemporaryConversation(document.getElementById("temporary"), this.#requests);
    const form = /** @type {HTMLFormElement} */ (byId("composer"));
    const fresh = new NewDraftPlace(this.#drafts, this.#temporary.isTemporary ? NEW_TEMPORARY : NEW);
    this.#draftPlace = this.#state.isNew ? fresh.take() : this.#state.conversation;
    this.#composer = new Composer(form, byId("notice"), this.#drafts, this.#draftPlace, {
      ...this.#forFiles,
      mayAsk: () => this.#state.isIdle,
      onSend: (written) => this.#ask(written),
      onUp: () => this.#editLast(),
    });
    // After the composer: on leaving, the draft is kept first.
    if (this.#state.isNew) fresh.leaveWithPage();
    this.#scrollRestoration = new ScrollRestoration(() => this.#scroll.isAtEnd);
    this.#failureMessages = new FailureMessages(page.dataset["login"] ?? "");
    this.#settings = new ConversationSettings(byId("options"), byId("options-button"), this.#drafts, {
      isNew: () => this.#state.isNew,
      place: settingsOf(this.#draftPlace),
      save: (settings) => this.#requests.saveSettings(this.#state.conversation, settings),
      advise: (failure) => this.#failureMessages.onOther(failure),
      announce: (sentence) => this.#announce(sentence),
    });
    this.#sidebar = new Sidebar(byId("conversations"), this.#requests, this.#state.conversation, {
      onRenamed: (id, title) => id === this.#state.conversation && this.#title.show(id, title),
      onDeleted: (id) => location.assign(`${this.#requests.newConversationUrl}?deleted=${id}`),
      onVersion: (version) => this.#noticeVersion(version),
      isTold: () => this.#elsewhere?.isTold ?? false,
      advise: (failure) => this.#failureMessages.onOther(failure),
    });
    this.#title = new ConversationTitle(byId("title"), this.#sidebar);
  }

  /** Goes on with what the server has rendered. */
  begin() {
    this.#thread.complete(this.#thread.element);
    this.#listen();
    if (!this.#state.isNew) this.#temporary.begin(this.#state.conversation);
    if (wasNavigatedTo()) this.#openAtEnd();
    else addEventListener("load", () => requestAnimationFrame(() => void this.#adopt()));
    const { running } = this.#thread;
    const returned = this.#takeReturned();
    if (running) this.#follow(running);
    else if (returned) this.#ask(returned);
    else void this.#findSent();
    this.#takeEdited();
    this.#listenElsewhere();
    if (!this.#editor && wasNavigatedTo()) this.#thread.focusPending();
  }

  /** What is done elsewhere is heard by a page that is looked at, once all else is there. */
  #listenElsewhere() {
    const load = async () => {
      const module = await import("./elsewhere.js").catch(() => null);
      if (!module || this.#elsewhere) return;
      this.#elsewhere = new module.Elsewhere({
        requests: this.#requests, state: this.#state, thread: this.#thread, sidebar: this.#sidebar, title: this.#title, told: this.#told, isTemporary: this.#temporary.isTemporary,
      }, {
        mayShow: () => this.#composer.isEmpty && !this.#editor?.isOpen && !isBeingWritten(),
        onServed: (served, last) => this.#takeOver(served, last),
        onVersion: (version) => this.#noticeVersion(version),
        complain: (advice) => this.#complain(advice),
      });
    };
    addEventListener("load", () => setTimeout(() => void load(), ELSEWHERE_MS));
    document.addEventListener("visibilitychange", () => {
      if (this.#elsewhere || document.hidden) return;
      this.#sidebar.changed();
      void load();
    });
  }


  /** The message that the address asks to be edited, after a login. Once. */
  #takeEdited() {
    const id = new URLSearchParams(location.search).get("edit");
    if (id === null) return;
    history.replaceState(null, "", pageAddress());
    const view = this.#thread.find(id);
    if (view?.role !== "user" || !this.#state.isIdle) return;
    void this.#edit(view).then(() => requestAnimationFrame(() => view.element.scrollIntoView({ block: "nearest" })));
  }

  #openAtEnd() {
    this.#scroll.toEnd();
    this.#watchEarlier();
    void this.#followAddress();
  }

  /** The place where the reader was. */
  async #adopt() {
    this.#scroll.adopt();
    this.#watchEarlier();
    const place = this.#scrollRestoration.take();
    const message = place && (document.getElementById(place.id) ?? (await (await this.#loadEarlier())?.find(place.id)));
    if (message) new ScrollAnchor(message, place.top).restore();
  }

  /** Once the reader is where they begin to read. */
  #watchEarlier() {
    const look = () => this.#thread.element.querySelector(":scope > .earlier") && void this.#loadEarlier();
    new MutationObserver(look).observe(this.#thread.element, { childList: true });
    addEventListener("hashchange", () => void this.#followAddress());
    look();
  }

  #loadEarlier() {
    return (this.#earlier ??= import("./earlier_messages.js").then(({ EarlierMessages }) => {
      const earlier = new EarlierMessages(this.#thread, {
        advise: (failure) => this.#failureMessages.onOther(failure),
        announce: (sentence) => this.#announce(sentence),
      });
      earlier.begin();
      return earlier;
    }, () => (this.#earlier = null)));
  }

  /** To the message that the page's address names. */
  async #followAddress() {
    if (location.hash) void (await this.#loadEarlier())?.follow();
  }

  /** The sheet is loaded once somebody asks for it. */
  #offerShortcuts() {
    /** @type {Promise<import("../ui/shortcuts_dialog.js").ShortcutsDialog | null> | null} */
    let loading = null;
    const load = () => (loading ??= import("../ui/shortcuts_dialog.js").then(
      ({ ShortcutsDialog }) => new ShortcutsDialog(/** @type {HTMLDialogElement} */ (byId("shortcuts"))),
      () => (loading = null),
    ));
    byId("shortcuts-button").addEventListener("click", async () => (await load())?.open());
    document.addEventListener("keydown", async (event) => event.key === "?" && (await load())?.press(event));
  }

  #offerWholePrint() {
    const load = () => void import("./whole_print.js").then(({ offerWholePrint }) => offerWholePrint(this.#thread.element, (advice) => this.#complain(advice)), () => {});
    if (new URLSearchParams(location.search).has("print")) load();
    addEventListener("afterprint", load);
  }

  /** What was sent in vain and is to be sent again, now that its writer comes back from the login. Once. */
  #takeReturned() {
    const id = new URLSearchParams(location.search).get("send");
    if (!id) return null;
    history.replaceState(null, "", pageAddress());
    return this.#identify().id === id ? this.#composer.takeReturned(id) : null;
  }

  /** The first message may have made a conversation of which this browser never heard. */
  async #findSent() {
    const sent = this.#composer.sentBefore;
    if (!this.#state.isNew || !sent || !(await this.#requests.fetchConversation(sent.conversation))) return;
    if (this.#composer.sentBefore !== sent || !this.#state.isIdle) return;
    this.#composer.wasAccepted(sent.conversation);
    location.replace(this.#requests.conversationUrl(sent.conversation));
  }

  #listen() {
    this.#thread.listen((view, form) => (form === "continue" ? this.#continue(view) : this.#regenerate(view, this.#composer.model)));
    this.#thread.listenToDecisions((view, request) => this.#decide(view, request), () => this.#composer.complain(UNREACHABLE));
    this.#offerToolSwitches();
    this.#offerPrompts(/** @type {HTMLFormElement} */ (byId("composer")));
    this.#offerShortcuts();
    new MessageActions(this.#thread.element, {
      onEdit: (view) => void this.#edit(view),
      onAgain: (view, model) => this.#regenerate(view, model),
      onStep: (view, step) => void this.#step(view, step),
      advise: (failure) => this.#failureMessages.onOther(failure),
      announce: (sentence) => this.#announce(sentence),
      complain: (sentence) => this.#composer.complain(sentence),
    });
    new Feedback(this.#thread.element, this.#requests, {
      advise: (failure) => this.#failureMessages.onOther(failure),
      announce: (sentence) => this.#announce(sentence),
      complain: (advice) => this.#complain(advice),
      onUnreachable: () => this.#composer.complain(UNREACHABLE),
    });
    this.#offerWholePrint();
    new DropZone(document.getElementById("drop"), (files) => this.#composer.attach(files));
    byId("stop").addEventListener("submit", (event) => this.#stop(event));
    // Stop takes the place of Send: the second half of a double click is not meant for it.
    byId("stop-button").addEventListener("click", (event) => event.detail > 1 && event.preventDefault());
    // Nobody would be there to stop it at its first event.
    addEventListener("pagehide", () => {
      if (this.#state.name === "stopping" && this.#state.turn) this.#requests.cancelOnLeaving(idOf(this.#state.turn));
    });
    document.addEventListener("keydown", (event) => {
      // In a field for a search it clears that.
      const isFree = event.key === "Escape" && !event.isComposing && !document.querySelector(":popover-open, :modal, .sidebar__query:focus");
      if (isFree && !this.#state.isIdle) this.#stop(event);
    });
    for (const example of document.querySelectorAll(".example")) {
      example.addEventListener("click", () => this.#composer.suggest(example.textContent ?? ""));
    }
  }

  /** A question at the end of the thread. @param {import("../composer/draft_storage.js").Written} written */
  #ask(written) {
    const ids = this.#identify();
    const question = { ...ids, ...written, leaf: ids.parent, model: this.#composer.model, ...this.#settings.forQuestion, ...this.#toolsOfQuestion, ...this.#temporary.questionFields };
    this.#composer.handOver(question);
    this.#send({ kind: "ask", question }, {
      onStart: ({ conversation }) => this.#composer.accepted(conversation),
      onRefused: (failure) => {
        this.#composer.giveBack();
        const id = failure.status === 401 ? this.#composer.awaitLogin() : "";
        this.#complain(this.#failureMessages.onSent(failure, id));
        if (failure.code === WAITING) void this.#showPending();
        if (failure.leaf) this.#elsewhere?.forget();
        if (failure.leaf) void this.#showWhatCame(failure.leaf);
      },
    });
  }

  /** Something waits for a yes before anything else can be asked. It may have come to wait elsewhere. */
  async #showPending() {
    const last = this.#thread.views.at(-1);
    if (last && !this.#thread.pending) await this.#showAnew(last);
    this.#thread.focusPending();
  }

  /** The conversation has gone on below what is on show: that is shown, and the question can be sent below it. @param {string} leaf */
  async #showWhatCame(leaf) {
    const last = this.#thread.views.at(-1);
    const served = last && (await this.#requests.fetchPage(this.#state.conversation, last.id, leaf));
    const thread = served?.getElementById("thread");
    if (!last?.element.isConnected || !this.#state.isIdle || !thread?.querySelector(`[id="message-${leaf}"]`)) return;
    this.#composer.complain(ASK_BELOW);
    this.#takeOver(thread, last);
    this.#scroll.toEnd();
  }

  /** ↑ in the empty composer. Is there a message to edit? */
  #editLast() {
    const view = this.#state.isIdle ? this.#thread.question : undefined;
    if (view) void this.#edit(view);
    return view !== undefined;
  }

  /** What a form needs to which files can be attached. */
  get #forFiles() {
    return {
      requests: this.#requests,
      advise: (/** @type {Failure} */ failure) => this.#failureMessages.onOther(failure),
      announce: (/** @type {string} */ sentence) => this.#announce(sentence),
    };
  }

  /** A form in place of a question. @param {MessageView} view */
  async #edit(view) {
    const module = await import("../composer/message_editor.js").catch(() => null);
    if (!module) return this.#composer.complain(UNREACHABLE);
    if (!view.element.isConnected) return;
    if (this.#editor?.isOpen) this.#editor.close();
    const editor = new module.MessageEditor(view, this.#drafts, this.#state.conversation, this.#composer.limit, {
      ...this.#forFiles,
      onSend: (question) => this.#askAnew(view, editor, question),
    });
    this.#editor = editor;
  }

  /** An edited question in place of the branch that begins with it. @param {MessageView} view @param {import("../composer/message_editor.js").MessageEditor} editor @param {Question} question */
  #askAnew(view, editor, question) {
    if (!this.#state.isIdle) return editor.complain(Composer.STILL_RUNNING);
    editor.handOver(question);
    this.#send({ kind: "edit", message: view.id, question: { ...question, model: this.#composer.model, ...this.#temporary.questionFields } }, {
      onStart: () => editor.accepted(),
      onRefused: (failure) => {
        editor.giveBack();
        const { sentence, link } = this.#failureMessages.onOther(failure, `?edit=${view.id}`);
        editor.complain(sentence, link);
      },
    });
  }

  /** Another answer, in place of one and all below it, or one to a question that has none. @param {MessageView} view @param {string} [model] */
  #regenerate(view, model) {
    if (!this.#state.isIdle) return;
    const kind = view.role === "user" ? "answer" : "regenerate";
    this.#sendAgain({ kind, message: view.id, request: { ...view.requestOf("retry"), ...(model && { model }) } });
  }

  /** More of an answer, by the model that wrote it, or the chosen one if that is gone. @param {MessageView} view */
  #continue(view) {
    if (!this.#state.isIdle) return;
    const { model } = this.#composer;
    const request = { ...(model && { model }), ...view.requestOf("continue") };
    this.#sendAgain({ kind: "continue", message: view.id, request, position: view.position });
  }

  /** What waited for a yes is decided; the answer goes on with that. @param {MessageView} view @param {import("../api/requests.js").GenerationRequest} request */
  #decide(view, request) {
    if (!this.#state.isIdle) return;
    this.#composer.complain("");
    this.#send({ kind: "continue", message: view.id, request, position: view.position }, {
      onRefused: (failure) => {
        this.#complain(this.#failureMessages.onOther(failure));
        // Somebody else was first, or it is not theirs to decide any more: the page shows how it stands.
        if ([400, 409].includes(failure.status)) void this.#showDecided(view);
      },
    });
  }

  /** @param {MessageView} view */
  async #showDecided(view) {
    await this.#showAnew(view);
    if (!view.element.isConnected && !this.#thread.pending) this.#composer.complain(DECIDED);
  }

  /** The end of the thread as the site has it now, from a message on. @param {MessageView} view */
  async #showAnew(view) {
    const served = (await this.#requests.fetchPage(this.#state.conversation, view.id))?.getElementById("thread");
    if (served?.querySelector(`[id="message-${view.id}"]`) && view.element.isConnected && this.#state.isIdle) this.#takeOver(served, view);
  }

  /** @param {Turn} turn that nobody has written */
  #sendAgain(turn) {
    this.#composer.complain("");
    this.#send(turn, { onRefused: (failure) => this.#complain(this.#failureMessages.onOther(failure)) });
  }

  /**
   * Sends a turn, puts it on the page, and follows its answer.
   * @param {Turn} turn
   * @param {{onStart?: (start: Start) => void, onRefused: (failure: Failure) => void}} outcome
   */
  #send(turn, { onStart, onRefused }) {
    const view = new TurnView(this.#thread, turn);
    if ("question" in turn) this.#scroll.toEnd();
    this.#state.ask(turn);
    this.#listenTo(view.answer, {
      onStart: (start) => {
        view.granted(start);
        onStart?.(start);
      },
      onRefused: (failure) => {
        view.refused();
        onRefused(failure);
      },
    }).ask(this.#requests.turn(turn));
  }

  /** Goes on with an answer that the server has rendered. @param {MessageView} view */
  #follow(view) {
    this.#state.follow(view.generation);
    this.#listenTo(view).follow();
  }

  /** Shows an alternative of a message, and the branch below that, as the server has it. @param {MessageView} view @param {number} step */
  async #step(view, step) {
    const id = view.siblings.beside(step);
    if (!id || this.#state.isSending) return;
    this.#composer.complain("");
    const failure = await this.#requests.selectBranch(id);
    if (failure) return this.#complain(this.#failureMessages.onOther(failure));
    const served = await this.#requests.fetchPage(this.#state.conversation, id);
    // Something was sent meanwhile, or another alternative chosen: that counts.
    if (!view.element.isConnected || this.#state.isSending) return;
    if (!served) return this.#composer.complain(UNREACHABLE);
    const thread = served.getElementById("thread");
    if (thread) this.#showBranch(thread, view, id, step);
    else location.reload();
  }

  /** @param {HTMLElement} served @param {MessageView} old @param {string} id @param {number} step that the reader took */
  #showBranch(served, old, id, step) {
    const { top } = old.siblings.button(step).getBoundingClientRect();
    this.#leave();
    history.replaceState(null, "", pageAddress());
    this.#thread.replace(served, old, id);
    ModelText.renderWhenNear(this.#thread.element);
    const view = this.#thread.find(id);
    if (view) this.#arrive(view, step, top);
    const { running } = this.#thread;
    if (running) this.#follow(running);
  }

  /** @param {MessageView} view @param {number} step @param {number} top where the step's button was on the screen */
  #arrive(view, step, top) {
    view.settle();
    const { siblings } = view;
    siblings.focus(step);
    this.#scroll.stay(siblings.button(step), top);
    this.#announce(interpolate(gettext("Version %(number)s of %(count)s."), siblings.place));
  }

  /** The ids of the next question: those under which it was sent in vain, if its text and its place are the same. */
  #identify() {
    const parent = this.#thread.leaf;
    const before = this.#composer.sentBefore;
    const isSamePlace = before && before.parent === parent && (this.#state.isNew || before.conversation === this.#state.conversation);
    return isSamePlace ? before : { id: uuid(), conversation: this.#state.conversation, parent };
  }

  /**
   * @param {MessageView} view
   * @param {{onStart?: (start: Start) => void, onRefused?: (failure: Failure) => void}} [outcome] what else is to be done
   */
  #listenTo(view, { onStart, onRefused } = {}) {
    this.#announce(BEING_WRITTEN);
    const answer = new LiveAnswer(view, this.#requests, this.#state, {
      onStart: (start) => this.#started(start, view, onStart),
      onTitle: (title) => this.#title.show(this.#state.conversation, title),
      onEnd: (ending) => this.#ended(ending, view),
      onRefused: (failure) => {
        const { name, turn } = this.#state;
        this.#state.refuse();
        this.#announce("");
        onRefused?.(failure);
        if (name === "stopping" && turn && mayHaveArrived(failure)) this.#stopUnheard(turn);
      },
      onExpired: () => {
        const advice = this.#failureMessages.onExpired;
        this.#announce(advice.sentence);
        view.cutOff(advice);
      },
      onLost: (failure) => {
        const advice = this.#failureMessages.onFollowed(failure);
        this.#state.lose();
        this.#announce(advice.sentence);
        view.lose(advice);
      },
    });
    this.#answer = answer;
    return answer;
  }

  /** @param {Start} start @param {MessageView} view @param {(start: Start) => void} [onStart] */
  #started(start, view, onStart) {
    const { isNew, name, turn } = this.#state;
    this.#state.start(start);
    view.begin(start, this.#requests.messageUrls(start.message));
    // What the address asks to be shown is not what is shown now.
    if (turn && turn.kind !== "continue") history.replaceState(null, "", pageAddress());
    onStart?.(start);
    this.#showStart(start, isNew);
    if (start.quota) tellQuota(start.quota);
    if (name === "stopping") void this.#cancel(start.generation);
  }

  /** What turns them is loaded with the first look at them. Those of a new conversation go with its first question. */
  #offerToolSwitches() {
    const panel = document.getElementById("tools");
    if (!panel) return;
    /** @type {import("../tools/tool_switches.js").ToolSwitches | null} */
    let switches = null;
    const load = async () => {
      const module = await import("../tools/tool_switches.js").catch(() => null);
      return (switches ??= module && new module.ToolSwitches(panel));
    };
    panel.addEventListener("toggle", async (event) => {
      const { conversation, isNew } = this.#state;
      if (/** @type {ToggleEvent} */ (event).newState !== "open" || isNew) return;
      await (await load())?.refresh(() => this.#requests.fetchTools(conversation));
    });
    panel.addEventListener("submit", async (event) => {
      event.preventDefault();
      const form = /** @type {HTMLFormElement} */ (event.target);
      const loaded = await load();
      if (!loaded) return this.#composer.complain(UNREACHABLE);
      await loaded.flip(form, async (name, isOn) => {
        const failure = this.#state.isNew ? null : await this.#requests.turnTool(this.#state.conversation, name, isOn);
        return failure ? this.#failureMessages.onOther(failure).sentence : "";
      });
    });
  }

  /** @returns {{tools_off?: string[]}} */
  get #toolsOfQuestion() {
    const off = document.querySelectorAll(".tools__switch:has([aria-checked=false]) [name=name]");
    return this.#state.isNew && off.length ? { tools_off: [...off].map((field) => /** @type {HTMLInputElement} */ (field).value) } : {};
  }

  /** The list of prompts is loaded once somebody asks for one, by a `/` at the beginning. @param {HTMLFormElement} form */
  #offerPrompts(form) {
    const field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
    const load = async () => {
      if (!field.value.startsWith("/")) return;
      field.removeEventListener("input", load);
      const module = await import("../prompts/prompt_picker.js").catch(() => null);
      if (!module) return field.addEventListener("input", load);
      new module.PromptPicker(form, byId("offer"), {
        onTake: (text) => this.#composer.suggest(text),
        announce: (sentence) => this.#announce(sentence),
      });
    };
    field.addEventListener("input", load);
    if (document.activeElement === field) void load(); // typed before this script was there
  }

  /** It may run at the site all the same. @param {Turn} turn */
  #stopUnheard(turn) {
    const isWanted = () => this.#state.turn !== null && idOf(this.#state.turn) === idOf(turn);
    void import("./stop_unheard.js").then(
      ({ stopUnheard }) => stopUnheard(this.#requests, idOf(turn), isWanted),
      () => this.#composer.complain(UNREACHABLE),
    );
  }

  /** @param {Start} start @param {boolean} isNew has the conversation just begun to exist? */
  #showStart({ conversation, title }, isNew) {
    const url = this.#requests.conversationUrl(conversation);
    if (isNew) history.replaceState(null, "", url);
    this.#settings.url = url;
    if (isNew) this.#settings.created();
    offerWhatExists(conversation);
    document.getElementById("due")?.remove();
    this.#sidebar.wentOn(conversation);
    if (isNew) this.#temporary.begin(conversation);
    this.#title.show(conversation, title);
  }

  /** @param {Ending} ending @param {MessageView} view */
  #ended({ status, message }, view) {
    this.#state.end();
    this.#announce(message || IS_COMPLETE);
    this.#sidebar.wentOn(this.#state.conversation);
    this.#announcer.read(view.element);
    if (document.hidden) this.#tellUnseen(status);
    if (status === WAITING) this.#thread.focusPending();
  }

  /** Its reader looks at something else. @param {string} status */
  #tellUnseen(status) {
    const { conversation } = this.#state;
    void import("./unseen_answer.js").then(({ tellUnseen }) => tellUnseen(byId("title").textContent ?? "", conversation, status), () => {});
  }

  /** Another branch is about to be shown. */
  #leave() {
    if (this.#state.may("leave")) {
      this.#answer?.leave();
      this.#state.leave();
    }
    this.#announce("");
  }

  /** The conversation does something else. @param {import("./state.js").Name} before */
  #changed(before) {
    const { isIdle } = this.#state;
    if (isIdle || before === "idle") this.#composer.showStop(!isIdle);
    this.#thread.show(this.#state);
    // Whoever is told of this first may have something to say to it.
    if (isIdle) queueMicrotask(() => this.#elsewhere?.look());
  }

  /** The model, as soon as it is known which; what waits for the network is taken back. @param {Event} event */
  #stop(event) {
    event.preventDefault();
    if (!this.#state.may("stop")) return;
    this.#state.stop();
    if (this.#state.isSending) this.#answer?.withdraw();
    else void this.#cancel(this.#state.generation);
  }

  /** @param {string} generation */
  async #cancel(generation) {
    const failure = await this.#requests.cancelGeneration(generation);
    if (failure && generation === this.#state.generation) this.#complain(this.#failureMessages.onOther(failure));
  }

  /** What this page loads later may be gone with the version that it is of. Said once, where nothing else is being said. @param {string} version */
  #noticeVersion(version) {
    if (!this.#version || version === this.#version || this.#composer.isComplaining) return;
    this.#version = "";
    this.#complain({ sentence: RENEWED, link: { text: gettext("Reload the page"), href: pageAddress() } });
  }

  /** @param {import("../ui/failure_advice.js").Advice} advice */
  #complain({ sentence, link }) {
    this.#composer.complain(sentence, link);
  }

  /** @param {HTMLElement} served the thread of a page @param {MessageView} last on this one, which it goes on from */
  #takeOver(served, last) {
    this.#thread.replace(served, last, last.id);
    ModelText.renderWhenNear(this.#thread.element);
    this.#thread.focusPending();
    const { running } = this.#thread;
    if (running) this.#follow(running);
  }

  /** @param {string} sentence */
  #announce(sentence) {
    this.#announcer.say(sentence);
  }
}

/** Was the page opened, rather than reloaded or gone back to? Then the browser puts the reader where they were. */
function wasNavigatedTo() {
  const [navigation] = performance.getEntriesByType("navigation");
  return !(navigation instanceof PerformanceNavigationTiming) || navigation.type === "navigate";
}

/** What can be done with a conversation that exists. What was sent in vain before may have brought ids of its own. @param {string} conversation */
function offerWhatExists(conversation) {
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".bar__share, .menu__item--existing"));
  for (const link of links) {
    link.href = link.href.replace(UUID, conversation);
    link.hidden = false;
  }
}

/** Nobody has said that it was refused. @param {Failure} failure */
function mayHaveArrived({ status }) {
  return !status || status >= 500;
}

/** Is there anything on the page that a reload would take away: a comment, a title, settings? */
function isBeingWritten() {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("textarea, input:not([type=hidden], [type=file])"));
  // What is being decided here may have been decided elsewhere.
  return [...fields].some((field) => isChanged(field) && !field.closest(".decision"));
}

/** Not where nobody can have written, as the boxes of a list of tasks in an answer. @param {HTMLInputElement} field */
function isChanged({ type, disabled, readOnly, checked, defaultChecked, value, defaultValue }) {
  if (disabled || readOnly) return false;
  return ["checkbox", "radio"].includes(type) ? checked !== defaultChecked : value !== defaultValue;
}

/** @param {string} id @returns {HTMLElement} */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** The id under which a turn is stored. @param {Turn} turn */
function idOf(turn) {
  return "question" in turn ? turn.question.id : turn.request.id;
}

/** Little is left of one. @param {string} line */
function tellQuota(line) {
  const element = document.getElementById("quota");
  if (!element?.firstElementChild) return;
  element.firstElementChild.textContent = line;
  element.hidden = false;
}
