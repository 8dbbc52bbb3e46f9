/** Marks that turn writing round, with which a name could say that a program is a picture. */
const TURNING = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** What a file is called on this page. @param {File} file */
export function fileName({ name }) {
  return name.replace(TURNING, "");
}
