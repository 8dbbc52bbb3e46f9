import { Announcer } from "../ui/announcer.js";
import { AutoScroll } from "../ui/auto_scroll.js";
import { Composer } from "../composer/composer.js";
import { ConversationSettings } from "../settings/conversation_settings.js";
import { ConversationTitle } from "./conversation_title.js";
import { DraftStorage } from "../composer/draft_storage.js";
import { DropZone } from "../attachments/drop_zone.js";
import { EarlierMessages } from "./earlier_messages.js";
import { FailureMessages } from "./failure_messages.js";
import { FeedbackForms } from "../message/feedback_forms.js";
import { LiveAnswer } from "./live_answer.js";
import { MessageActions } from "../message/message_actions.js";
import { MessageEditor } from "../composer/message_editor.js";
import { MessageView } from "../message/message_view.js";
import { ModelText } from "../markdown/model_text.js";
import { OtherTabs } from "./other_tabs.js";
import { PromptPicker } from "../prompts/prompt_picker.js";
import { Requests } from "../api/requests.js";
import { ScrollAnchor } from "../ui/scroll_anchor.js";
import { ScrollRestoration } from "../ui/scroll_restoration.js";
import { ShortcutsDialog } from "../ui/shortcuts_dialog.js";
import { Sidebar } from "../sidebar/sidebar.js";
import { TemporaryConversation } from "./temporary_conversation.js";
import { Thread } from "./thread.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { pageAddress } from "../ui/page_address.js";
import { uuid } from "../lib/uuid.js";

/** Where the draft of a conversation that does not exist yet is kept. */
const NEW = "new";
const NEW_TEMPORARY = "new-temporary";
const BEING_WRITTEN = gettext("The answer is being written.");
const IS_COMPLETE = gettext("The answer is complete.");
const WENT_ON = gettext("This conversation has gone on in another tab.");
const UNREACHABLE = gettext("The site could not be reached. Try again.");

/**
 * The page of a conversation: what is asked, which answer is being written, how it ended.
 * One answer at a time; its parent is the last message of the thread, or that of the message which is edited.
 *
 * @typedef {import("../api/requests.js").Question} Question
 * @typedef {import("../lib/stream.js").Start} Start
 * @typedef {import("../lib/stream.js").Ending} Ending
 * @typedef {import("../lib/stream.js").Failure} Failure
 */
export class ConversationPage {
  #thread = new Thread(byId("thread"));
  #scroll = new AutoScroll(this.#thread.element, byId("jump"));
  #earlier = new EarlierMessages(this.#thread.element, {
    advise: (failure) => this.#failureMessages.onOther(failure),
    announce: (sentence) => this.#announce(sentence),
  });
  #announcer = new Announcer(byId("status"), byId("voice"));
  #tabs = new OtherTabs((news) => this.#answeredElsewhere(news));
  #failureMessages;
  #scrollRestoration;
  #composer;
  #drafts;
  #settings;
  #sidebar;
  #requests;
  #temporary;
  #title;
  /** @type {MessageEditor | null} */
  #editor = null;
  #conversation;
  #isNew;
  /** @type {LiveAnswer | null} */
  #answering = null;

  /** @param {HTMLElement} page */
  constructor(page) {
    this.#conversation = page.dataset["conversation"] ?? "";
    this.#isNew = "new" in page.dataset;
    this.#drafts = new DraftStorage(byId("account").dataset["user"] ?? "");
    this.#requests = new Requests(page.dataset["root"] ?? "/");
    this.#temporary = new TemporaryConversation(document.getElementById("temporary"), this.#requests);
    const form = /** @type {HTMLFormElement} */ (byId("composer"));
    this.#composer = new Composer(form, byId("notice"), this.#drafts, this.#draftPlace, {
      ...this.#forFiles,
      onSend: (written) => this.#ask(written),
      onUp: () => this.#editLast(),
    });
    // After the composer: on leaving, the draft is kept first.
    this.#scrollRestoration = new ScrollRestoration(() => this.#scroll.isAtEnd);
    this.#failureMessages = new FailureMessages(page.dataset["login"] ?? "");
    this.#settings = new ConversationSettings(byId("options"), byId("options-button"), this.#drafts, this.#isNew, {
      save: (settings) => this.#requests.saveSettings(this.#conversation, settings),
      advise: (failure) => this.#failureMessages.onOther(failure),
      announce: (sentence) => this.#announce(sentence),
    });
    this.#sidebar = new Sidebar(byId("conversations"), this.#requests, this.#conversation, {
      onRenamed: (id, title) => id === this.#conversation && this.#title.show(id, title),
      onDeleted: (id) => location.assign(`${page.dataset["root"]}?deleted=${id}`),
      advise: (failure) => this.#failureMessages.onOther(failure),
    });
    this.#title = new ConversationTitle(byId("title"), this.#sidebar, this.#requests);
  }

  /** Goes on with what the server has rendered. */
  begin() {
    this.#listen();
    if (!this.#isNew) this.#temporary.begin(this.#conversation);
    if (wasNavigatedTo()) this.#openAtEnd();
    else addEventListener("load", () => requestAnimationFrame(() => void this.#adopt()));
    const { running } = this.#thread;
    const returned = this.#takeReturned();
    if (running) this.#follow(running);
    else if (returned) this.#ask(returned);
    else void this.#findSent();
    this.#takeEdited();
  }

  get #draftPlace() {
    if (!this.#isNew) return this.#conversation;
    return this.#temporary.isTemporary ? NEW_TEMPORARY : NEW;
  }

  /** The message that the address asks to be edited, after a login. Once. */
  #takeEdited() {
    const id = new URLSearchParams(location.search).get("edit");
    if (id === null) return;
    history.replaceState(null, "", pageAddress());
    const view = this.#thread.find(id);
    if (view?.role !== "user" || this.#answering) return;
    this.#edit(view);
    requestAnimationFrame(() => view.element.scrollIntoView({ block: "nearest" }));
  }

  #openAtEnd() {
    this.#scroll.toEnd();
    this.#earlier.begin();
    void this.#earlier.follow();
  }

  /** The place where the reader was. */
  async #adopt() {
    this.#scroll.adopt();
    this.#earlier.begin();
    const place = this.#scrollRestoration.take();
    const message = place && (await this.#earlier.find(place.id));
    if (message) new ScrollAnchor(message, place.top).restore();
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
    if (!this.#isNew || !sent || !(await this.#requests.fetchConversation(sent.conversation))) return;
    if (this.#composer.sentBefore !== sent || this.#answering) return;
    this.#composer.wasAccepted(sent.conversation);
    location.replace(this.#requests.conversationUrl(sent.conversation));
  }

  #listen() {
    this.#thread.listen((view, form) => this.#asked(view, form));
    new PromptPicker(/** @type {HTMLFormElement} */ (byId("composer")), byId("offer"), {
      onTake: (text) => this.#composer.suggest(text),
      announce: (sentence) => this.#announce(sentence),
    });
    new ShortcutsDialog(/** @type {HTMLDialogElement} */ (byId("shortcuts")), byId("shortcuts-button"));
    new MessageActions(this.#thread.element, {
      onEdit: (view) => this.#edit(view),
      onAgain: (view, model) => this.#again(view, model),
      onStep: (view, step) => void this.#step(view, step),
      advise: (failure) => this.#failureMessages.onOther(failure),
      announce: (sentence) => this.#announce(sentence),
      complain: (sentence) => this.#composer.complain(sentence),
    });
    new FeedbackForms(this.#thread.element, this.#requests, {
      advise: (failure) => this.#failureMessages.onOther(failure),
      announce: (sentence) => this.#announce(sentence),
      complain: (advice) => this.#complain(advice),
    });
    new DropZone(document.getElementById("drop"), (files) => this.#composer.attach(files));
    byId("stop").addEventListener("submit", (event) => this.#stop(event));
    // Stop takes the place of Send: the second half of a double click is not meant for it.
    byId("stop-button").addEventListener("click", (event) => event.detail > 1 && event.preventDefault());
    document.addEventListener("keydown", (event) => {
      // In a field for a search it clears that.
      const isFree = event.key === "Escape" && !event.isComposing && !document.querySelector(":popover-open, :modal, .sidebar__query:focus");
      if (isFree && this.#answering) void this.#stop(event);
    });
    for (const example of document.querySelectorAll(".example")) {
      example.addEventListener("click", () => this.#composer.suggest(example.textContent ?? ""));
    }
  }

  /** @param {import("../composer/draft_storage.js").Written} written */
  #ask(written) {
    const question = { ...this.#identify(), ...written, model: this.#composer.model, ...this.#settings.forQuestion };
    this.#composer.handOver(question);
    this.#pose(question, [], {
      onStart: ({ conversation }) => this.#composer.accepted(conversation),
      onRefused: (failure) => {
        this.#composer.giveBack();
        if (this.#isNew) this.#conversation = uuid();
        const id = failure.status === 401 ? this.#composer.awaitLogin() : "";
        this.#complain(this.#failureMessages.onSent(failure, id));
      },
    });
  }

  /**
   * Puts a question, and its answer, at the end of the thread.
   * @param {Question} question
   * @param {string[]} siblings those which it is an alternative to
   * @param {{onStart: (start: Start) => void, onRefused: (failure: Failure) => void}} outcome
   */
  #pose(question, siblings, { onStart, onRefused }) {
    const [asked, answer] = [MessageView.create("user"), MessageView.create("assistant")];
    asked.status = "sending";
    asked.text = question.text;
    asked.attachments = question.attachments;
    asked.parent = question.parent;
    this.#thread.append(asked, answer);
    this.#scroll.toEnd();
    this.#answer(answer, {
      onStart: (start) => {
        asked.id = start.parent;
        asked.status = "complete";
        asked.siblings.show(withOne(siblings, start.parent), start.parent);
        onStart(start);
      },
      onRefused: (failure) => {
        asked.element.remove();
        answer.element.remove();
        onRefused(failure);
      },
    }).ask(this.#requests.askRequest({ ...question, ...this.#temporary.questionFields }));
    return asked;
  }

  /** ↑ in the empty composer. Is there a message to edit? */
  #editLast() {
    const view = this.#answering ? undefined : this.#thread.question;
    if (view) this.#edit(view);
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
  #edit(view) {
    if (this.#editor?.isOpen) this.#editor.close();
    const editor = new MessageEditor(view, this.#drafts, this.#conversation, this.#composer.limit, {
      ...this.#forFiles,
      onSend: (question) => this.#askAnew(view, editor, question),
    });
    this.#editor = editor;
  }

  /** An edited question in place of the branch that begins with it; the branch comes back if that is refused. @param {MessageView} view @param {MessageEditor} editor @param {Question} question */
  #askAnew(view, editor, question) {
    if (this.#answering) return editor.complain(Composer.STILL_RUNNING);
    editor.handOver(question);
    const restore = this.#thread.cut(view);
    const asked = this.#pose({ ...question, model: this.#composer.model }, view.siblings.ids, {
      onStart: () => editor.accepted(),
      onRefused: (failure) => {
        restore();
        editor.giveBack();
        const { sentence, link } = this.#failureMessages.onOther(failure, `?edit=${view.id}`);
        editor.complain(sentence, link);
      },
    });
    asked.element.focus({ preventScroll: true });
  }

  /** Shows an alternative of a message, and the branch below that, as the server has it. @param {MessageView} view @param {number} step */
  async #step(view, step) {
    const id = view.siblings.beside(view.id, step);
    if (!id || this.#isAsking) return;
    this.#composer.complain("");
    const failure = await this.#requests.selectBranch(id);
    if (failure) return this.#complain(this.#failureMessages.onOther(failure));
    const served = await this.#requests.fetchPage(this.#conversation, id);
    // Something was sent meanwhile, or another alternative chosen: that counts.
    if (!view.element.isConnected || this.#isAsking) return;
    if (!served) return this.#composer.complain(UNREACHABLE);
    const thread = served.getElementById("thread");
    if (thread) this.#show(thread, view, id, step);
    else location.reload();
  }

  /** @param {HTMLElement} served @param {MessageView} old @param {string} id @param {number} step that the reader took */
  #show(served, old, id, step) {
    const { top } = old.siblings.button(step).getBoundingClientRect();
    this.#answering?.leave();
    this.#over("");
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
    this.#announce(interpolate(gettext("Version %s of %s."), siblings.ids.indexOf(view.id) + 1, siblings.ids.length));
  }

  /** The ids of the next question: those under which it was sent in vain, if its text and its place are the same. */
  #identify() {
    const parent = this.#thread.leaf;
    const before = this.#composer.sentBefore;
    const isSamePlace = before && before.parent === parent && (this.#isNew || before.conversation === this.#conversation);
    return isSamePlace ? before : { id: uuid(), conversation: this.#conversation, parent };
  }

  /** @param {MessageView} view @param {"retry" | "continue"} form */
  #asked(view, form) {
    if (this.#answering) return;
    this.#composer.complain("");
    if (form === "continue") this.#continue(view);
    else this.#again(view, this.#composer.model);
  }

  /** Another answer, in place of one and all below it. @param {MessageView} old @param {string} [model] */
  #again(old, model) {
    if (this.#answering) return;
    this.#composer.complain("");
    const answer = MessageView.create("assistant");
    const restore = this.#thread.cut(old);
    this.#thread.append(answer);
    answer.element.focus({ preventScroll: true });
    this.#answer(answer, {
      onStart: ({ message }) => answer.siblings.show(withOne(old.siblings.ids, message), message),
      onRefused: (failure) => {
        answer.element.remove();
        restore();
        this.#complain(this.#failureMessages.onOther(failure));
      },
    }).ask(this.#requests.regenerateRequest(old.id, { ...old.requestOf("retry"), ...(model && { model }) }));
  }

  /** More of it, by the model that wrote it. @param {MessageView} view */
  #continue(view) {
    const restore = view.reopen();
    view.element.focus({ preventScroll: true });
    const onRefused = (/** @type {Failure} */ failure) => {
      restore();
      this.#complain(this.#failureMessages.onOther(failure));
    };
    this.#answer(view, { onRefused }).ask(this.#requests.continueRequest(view.id, view.requestOf("continue"), view.position));
  }

  /** Goes on with an answer that the server has rendered. @param {MessageView} view */
  #follow(view) {
    this.#answer(view).follow();
    this.#thread.answering = "running";
  }

  /** Is a request on its way that has not been taken yet? */
  get #isAsking() {
    return this.#thread.answering === "asking";
  }

  /**
   * @param {MessageView} view
   * @param {{onStart?: (start: Start) => void, onRefused?: (failure: Failure) => void}} [outcome] what else is to be done
   */
  #answer(view, { onStart, onRefused } = {}) {
    this.#composer.isRunning = true;
    this.#thread.answering = "asking";
    this.#announce(BEING_WRITTEN);
    this.#answering = new LiveAnswer(view, this.#requests, {
      onStart: (start) => {
        this.#thread.answering = "running";
        // What the address asks to be shown is not what is shown now.
        if (onStart) history.replaceState(null, "", pageAddress());
        onStart?.(start);
        this.#started(start);
      },
      onTitle: (title) => this.#title.show(this.#conversation, title),
      onEnd: (ending) => this.#ended(ending, view),
      onRefused: (failure) => {
        this.#over("");
        onRefused?.(failure);
      },
      onLost: (failure) => {
        const advice = this.#failureMessages.onFollowed(failure);
        this.#over(advice.sentence);
        view.lose(advice);
      },
    });
    return this.#answering;
  }

  /** @param {Start} start */
  #started({ conversation, message, generation, title }) {
    const url = this.#requests.conversationUrl(conversation);
    if (this.#isNew) history.replaceState(null, "", url);
    this.#isNew = false;
    this.#conversation = conversation;
    this.#settings.accepted(url);
    // What was sent in vain before may have brought ids of its own.
    const share = /** @type {HTMLAnchorElement | null} */ (document.querySelector(".bar__share"));
    if (share) share.search = `?of=${conversation}`;
    this.#sidebar.changed(conversation);
    this.#temporary.begin(conversation);
    this.#title.show(conversation, title);
    this.#tabs.tell({ conversation, message, generation, thread: this.#thread.ids });
  }

  /** @param {Ending} ending @param {MessageView} view */
  #ended({ status, message }, view) {
    this.#over(message || IS_COMPLETE);
    this.#sidebar.changed(this.#conversation);
    this.#announcer.read(view.element);
    if (status === "complete" && this.#thread.isBeginning && !this.#temporary.isTemporary) void this.#title.await(this.#conversation);
  }

  /** @param {string} sentence for those who do not see the page */
  #over(sentence) {
    this.#answering = null;
    this.#composer.isRunning = false;
    this.#thread.answering = "";
    this.#announce(sentence);
  }

  /** @param {Event} event */
  async #stop(event) {
    event.preventDefault();
    const answering = this.#answering;
    const failure = await answering?.stop();
    if (failure && answering === this.#answering) this.#complain(this.#failureMessages.onOther(failure));
  }

  /** @param {import("../ui/failure_advice.js").Advice} advice */
  #complain({ sentence, link }) {
    this.#composer.complain(sentence, link);
  }

  /** Another tab has begun an answer, or more of one. @param {import("./other_tabs.js").News} news */
  #answeredElsewhere({ conversation, message, generation, thread }) {
    const shown = document.getElementById(`message-${message}`)?.dataset["generation"];
    if (conversation !== this.#conversation || this.#answering || shown === generation) return;
    // Neither what is typed here nor a branch of its own is taken away.
    if (this.#composer.isEmpty && !this.#editor?.isOpen && !isBeingWritten() && thread.includes(this.#thread.leaf ?? "")) location.reload();
    else this.#complain({ sentence: WENT_ON, link: { text: gettext("Show it"), href: location.pathname } });
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

/** Is there anything on the page that a reload would take away: a comment, a title, settings? */
function isBeingWritten() {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("textarea, input:not([type=hidden], [type=file])"));
  return [...fields].some(({ value, defaultValue }) => value !== defaultValue);
}

/** @param {string[]} siblings @param {string} id @returns {string[]} with `id`, which a repeated request may have brought before */
function withOne(siblings, id) {
  return [...new Set([...siblings, id])];
}

/** @param {string} id @returns {HTMLElement} */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
