"""A branch of messages -> the messages of the request to the upstream. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CONTINUE = (
    "Your answer was cut off. Write on exactly where it stops, even in the middle of a word. "
    "Repeat nothing of it and say nothing about this."
)
BYTES_PER_TOKEN = 3
TURN_TOKENS = 4
"""What a turn costs besides its words: who says it, where it ends."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a prompt needs of a message: who said what."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a conversation asks of its model besides its turns; None leaves a choice to the model's service."""

    system_prompt: str = ""
    temperature: float | None = None
    max_tokens: int | None = None

    @property
    def chosen(self) -> dict[str, float]:
        """The parameters of a request that are not left to the model's service."""
        choices = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        return {name: value for name, value in choices.items() if value is not None}


NO_OPTIONS = Options()


def build(branch: Iterable[Turn], *system_prompts: str) -> list[dict[str, str]]:
    """The request's `messages`, from the first turn to the last.

    The system prompts, such as the site's and the conversation's, stand before them in one message.
    Turns without text (an answer that failed before its first word) are left out; reasoning is never sent back.
    A branch that ends in an answer asks for its continuation.
    """
    turns = [{"role": turn.role, "content": text} for turn in branch if (text := turn.text)]
    if turns and turns[-1]["role"] == "assistant":
        turns.append({"role": "user", "content": CONTINUE})
    system_prompt = "\n\n".join(filter(None, system_prompts))
    return [{"role": "system", "content": system_prompt}, *turns] if system_prompt else turns


def left_out(turns: Sequence[Turn], tokens: int, besides: str = "") -> int:
    """How many of the oldest turns do not fit into `tokens`, together with what is said `besides` (0: no bound).

    What is left begins with a question, and the last question and what follows it are never left out.
    """
    if not tokens or 4 * sum(len(turn.text) for turn in turns) <= BYTES_PER_TOKEN * tokens - 4 * len(besides):
        return 0  # at most four bytes a character: it fits, whatever it says
    room = tokens - (tokens_of(besides) if besides else 0)
    begin = len(turns)
    for at in range(len(turns) - 1, -1, -1):
        room -= tokens_of(turns[at].text)
        if room < 0 and begin < len(turns):
            break
        if turns[at].role == "user":
            begin = at
    return begin if begin < len(turns) else 0


def tokens_of(text: str) -> int:
    """About how many tokens `text` has, rather too many than too few.

    Three bytes of UTF-8 a token: English has four and more characters, Chinese about one of three bytes.
    """
    return len(text.encode()) // BYTES_PER_TOKEN + TURN_TOKENS


def title(question: str, answer: str) -> list[dict[str, str]]:
    """A request for a title of a conversation that began with `question` and `answer`."""
    return [
        {
            "role": "system",
            "content": "You give conversations short titles. Answer with the title alone: "
            "two to six words, in the language of the conversation, without quotation marks or a full stop.",
        },
        {
            "role": "user",
            "content": f"Question:\n{question[:1000]}\n\nAnswer:\n{answer[:1000]}\n\nTitle of this conversation:",
        },
    ]


def clean_title(text: str, length: int) -> str:
    """A model's title without the quotes that models like to add; empty if what it wrote is no title but a text."""
    line = " ".join(text.split("\n", 1)[0].split())
    line = line.removeprefix("Title:").strip().strip("\"'“”‘’«»„*#` ").rstrip(".")
    return line if len(line) <= length and len(line.split()) <= 10 else ""
