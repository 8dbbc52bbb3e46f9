"""How many tokens a text has, about: what a model's own tokenizer would say is not known here; and what was used."""

from dataclasses import dataclass, field

BYTES_PER_TOKEN = 3
TURN_TOKENS = 4
"""What a turn costs besides its words: who says it, where it ends."""


def tokens_of(text: str) -> int:
    """About how many tokens `text` has, rather too many than too few.

    Three bytes of UTF-8 a token: English has four and more characters, Chinese about one of three bytes.
    """
    size = len(text) if text.isascii() else len(text.encode())  # which copies all of it
    return size // BYTES_PER_TOKEN + TURN_TOKENS


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a run of a model has used."""

    input: int = 0
    """All of the prompts, `cached` included."""
    cached: int = 0
    output: int = 0
    """All that was written, `reasoning` included."""
    reasoning: int = 0
    is_estimated: bool = False
    """At least in part: the service did not say."""
    added: tuple["Tokens", ...] = field(default=(), compare=False, repr=False)
    """The requests that these are the sum of: where long prompts cost more, each has a price of its own."""

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            self.reasoning + other.reasoning,
            self.is_estimated or other.is_estimated,
            (*self.requests, *other.requests),
        )

    @property
    def requests(self) -> tuple["Tokens", ...]:
        return self.added or (self,)

    @property
    def total(self) -> int:
        return self.input + self.output


NO_TOKENS = Tokens()


def estimated(prompt: int, answer: int, reasoning: int = 0) -> Tokens:
    """Of so many characters of a prompt and of an answer, its reasoning included.

    Rather too many than too few where letters are Latin; of Chinese, which has a token for about each character, a
    third.
    """
    read, written, thought = (-(-characters // BYTES_PER_TOKEN) for characters in (prompt, answer, reasoning))
    return Tokens(read, 0, written, min(thought, written), is_estimated=True)
