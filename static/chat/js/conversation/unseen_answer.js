import { Notifications } from "../ui/notifications.js";
import { gettext } from "../lib/i18n.js";

const ANSWERED = gettext("Answered");
const NOT_ANSWERED = gettext("Not answered");
const WAITING = gettext("Waits for your yes");

/**
 * An answer has ended in a tab that is not looked at: its title says so until it is, and a notification if those are wanted.
 *
 * @param {string} title of the conversation
 * @param {string} conversation
 * @param {string} status of the answer
 */
export function tellUnseen(title, conversation, status) {
  if (!document.hidden) return;
  const mark = `● ${{ complete: ANSWERED, waiting: WAITING }[status] ?? NOT_ANSWERED}: `;
  document.title = mark + document.title;
  const look = () => {
    if (document.hidden) return;
    document.removeEventListener("visibilitychange", look);
    document.title = document.title.replace(mark, "");
  };
  document.addEventListener("visibilitychange", look);
  Notifications.show(title, conversation);
}
