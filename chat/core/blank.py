"""Is there anything to be seen in a text? Pure; static/chat/js/lib/is_blank.js says the same."""

import unicodedata

UNSEEN = frozenset(
    [
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),  # fillers, and a braille cell without a dot
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),  # these three choose among the forms of what stands before them
    ]
)
UNSEEN_KINDS = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))
"""Controls, formats (such as what joins or turns words) and white space (Unicode Standard, section 4.5)."""


def is_blank(text: str) -> bool:
    """True also for what is no white space and shows nothing, such as a zero width space."""
    return all(unicodedata.category(sign) in UNSEEN_KINDS or ord(sign) in UNSEEN for sign in text)
