const KILO = 1_000;
const TENTH_OF_A_MEGA = 100_000;

/**
 * A size for people: "12 kB", "3.4 MB"; chat/templatetags/attachments.py says the same.
 *
 * @param {number} bytes
 * @param {string} language whose decimal point it has
 */
export function fileSize(bytes, language) {
  const kilobytes = Math.ceil(bytes / KILO);
  if (kilobytes < KILO) return `${kilobytes}\u00A0kB`;
  const megabytes = Math.floor(bytes / TENTH_OF_A_MEGA + 0.5) / 10;
  return `${megabytes.toLocaleString(language, { minimumFractionDigits: 1, useGrouping: false })}\u00A0MB`;
}
