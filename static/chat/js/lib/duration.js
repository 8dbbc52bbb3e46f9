import { gettext, interpolate } from "./i18n.js";

const SECONDS = gettext("%(seconds)s s");
const MINUTES = gettext("%(minutes)s min %(seconds)s s");

/**
 * How long a tool took, for people: "0.3 s", "12 s", "2 min 5 s"; chat/templatetags/tool_rows.py says the same.
 *
 * @param {number} seconds
 * @param {string} language whose decimal point it has
 */
export function duration(seconds, language) {
  const tenths = Math.floor(seconds * 10 + 0.5);
  if (tenths < 100) return interpolate(SECONDS, { seconds: (tenths / 10).toLocaleString(language, { minimumFractionDigits: 1, useGrouping: false }) });
  const whole = Math.floor(seconds + 0.5);
  if (whole < 60) return interpolate(SECONDS, { seconds: whole });
  return interpolate(MINUTES, { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}
