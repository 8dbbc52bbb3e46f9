"""The browser's libraries: which files of node_modules the page uses, and by which names its modules import them.

The page, the finder of static files and the wheel's build (hatch_build.py, where there is no Django) go by this list.
"""

MODULES = {
    "marked": "marked/lib/marked.esm.js",
    "dompurify": "dompurify/dist/purify.es.mjs",
    "remend": "remend/dist/index.js",
    "@highlightjs/cdn-assets/es/highlight.min.js": "@highlightjs/cdn-assets/es/highlight.min.js",
    "katex": "katex/dist/katex.min.js",  # half the size of its .mjs
    "katex/contrib/mhchem": "katex/dist/contrib/mhchem.min.js",
    "katex/dist/katex.min.css": "katex/dist/katex.min.css",
}
"""What modules import, and which file of node_modules that is. Node.js resolves the same names to the same files."""

FIRST = ("marked", "dompurify", "remend")
"""What every conversation needs; the others are loaded when a message has code or maths."""

FILES = (*MODULES.values(), "marked/lib/marked.esm.js.map", "katex/dist/fonts/*")
"""What a browser asks for, as patterns."""

LICENCES = tuple(f"{name}/LICENSE*" for name in ("marked", "dompurify", "remend", "@highlightjs/cdn-assets", "katex"))
"""What goes with them where they are handed on, as patterns."""

PREFIX = "libraries"
"""Their folder among the static files."""
