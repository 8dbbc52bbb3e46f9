/**
 * The elements that raw HTML in a message may make, because they carry meaning and nothing else.
 * Every other tag is shown as it was written.
 */
export const ALLOWED_ELEMENTS = new Set(
  ("a abbr b blockquote br caption cite code dd del details dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q " +
    "s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var").split(" "),
);
