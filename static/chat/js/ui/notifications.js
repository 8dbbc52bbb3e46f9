const KEY = "chatsite.notifications";

/**
 * Whether this browser's user wants to be told of answers by notifications of the browser. It is kept in this browser.
 */
export class Notifications {
  /** Can this browser do it at all? */
  static get arePossible() {
    return "Notification" in globalThis;
  }

  static get areOn() {
    return Notifications.arePossible && Notification.permission === "granted" && read() === "on";
  }

  /** By the user's act, which the browser wants to see. @returns {Promise<boolean>} are they on now? */
  static async turnOn() {
    if ((await Notification.requestPermission()) !== "granted") return false;
    localStorage.setItem(KEY, "on");
    return true;
  }

  static turnOff() {
    localStorage.removeItem(KEY);
  }

  /** @param {string} words @param {string} tag one with the same takes its place */
  static show(words, tag) {
    if (!Notifications.areOn) return;
    try {
      const notification = new Notification(words, { tag });
      notification.addEventListener("click", () => {
        window.focus();
        notification.close();
      });
    } catch {
      // Chromium on Android knows none that come from a page.
    }
  }
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
