"""Everything that can go wrong in the chat, as one tree.

ChatError
├── BadInput          400  the request does not say what it must
├── NotLoggedIn       401
├── Forbidden         403
│   └── NotAccepted         first the notice of the site is to be accepted
├── NotFound          404  unknown, or somebody else's: the two look the same
├── MethodNotAllowed  405
├── Conflict          409  the request contradicts what is stored
│   ├── GoneOn              there is more below what its sender sees; says where that ends
│   └── Held                it must be kept for now; nobody is told why
├── TooLong           413
├── Unsupported       415  a file of a kind that nobody here can read
├── TooMany           429  over a limit; says when to try again
│   └── OverQuota             a quota has no room for it; says when it renews, and whom to ask
├── Unavailable       503  the site cannot take it now
└── UpstreamError     the model's service failed: never a response's status, always a reply's ending
    ├── NoModel             none is set up
    ├── UpstreamUnreachable
    ├── UpstreamRefused     it answered with an error status
    │   ├── UpstreamBusy    it is over a limit of its own; says when to try again
    │   └── NoCredit        the account that this site has there must pay first
    ├── UpstreamBroke       it answered with something that is not a stream of chunks, or with an error in one
    └── UpstreamTimeout     a deadline of ours ran out

Each kind carries a `code` for programs, a `status` (HTTP) and a `message`: a sentence for the user that says what
happened and what to do. What the upstream wrote and tracebacks belong to the log, never to a message. Messages are in
English here; chat/views/errors.py says them in the reader's language.
"""

from typing import ClassVar
from uuid import UUID

from chat.i18n import Say, Values, in_english, numbered
from chat.i18n import gettext_noop as _

NO_CONVERSATION = _("There is no such conversation among yours. It may have been deleted.")
"""What NotFound says of one, and of what was in it."""


class ChatError(Exception):
    """A failure that the user is told about, in `message`."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    sentence: ClassVar[str] = _("Something went wrong. Please try again.")

    def __init__(
        self,
        sentence: str = "",
        *,
        values: Values | None = None,
        fields: dict[str, str] | None = None,
        retry_after: int | None = None,
        code: str = "",
    ) -> None:
        """`values` are filled into the sentence, `%(name)s`; `fields` names what is wrong field by field;
        `retry_after` is in seconds.
        """
        if sentence:
            self.sentence = sentence  # type: ignore[misc] # this one's own
        self.values = values or {}
        self.message = self.said(in_english)
        self.fields = fields
        self.retry_after = retry_after
        if code:
            self.code = code  # type: ignore[misc] # one kind may speak for several codes
        super().__init__(self.message)

    def said(self, say: Say) -> str:
        """The message as `say` says it."""
        return say(self.sentence, self.values)

    def as_json(self, say: Say = in_english) -> dict[str, dict[str, object]]:
        """The body of an error response (docs/protocol.md)."""
        error: dict[str, object] = {"code": self.code, "message": self.said(say)}
        if self.fields:
            error["fields"] = {name: say(fault, {}) for name, fault in self.fields.items()}
        return {"error": error}


class BadInput(ChatError):
    code = "bad_input"
    status = 400
    sentence = _("The request is not in the form that this site expects.")


class NotLoggedIn(ChatError):
    code = "not_logged_in"
    status = 401
    sentence = _("You are not logged in. Log in and send it again; what you wrote is kept.")


class Forbidden(ChatError):
    code = "forbidden"
    status = 403
    sentence = _("You are not allowed to do this.")


class NotAccepted(Forbidden):
    """Scripts are told where that is done (chat/views/errors.py)."""

    code = "notice"
    sentence = _("This site has a notice that is to be accepted first. Read and accept it; what you wrote is kept.")


class NotFound(ChatError):
    code = "not_found"
    status = 404
    sentence = _("There is nothing here that belongs to you.")


class MethodNotAllowed(ChatError):
    code = "method_not_allowed"
    status = 405
    sentence = _("This address does not take requests of this kind.")


class Conflict(ChatError):
    code = "conflict"
    status = 409
    sentence = _("This contradicts what is stored. Reload the page and try again.")


class GoneOn(Conflict):
    """`leaf` is the last message that the sender does not see yet, in `conversation`."""

    code = "gone_on"
    sentence = _("This conversation has gone on elsewhere, so this was not sent. Look at what came, and ask below it.")

    def __init__(self, leaf: UUID | None = None, conversation: UUID | None = None) -> None:
        super().__init__()
        self.leaf = leaf
        self.conversation = conversation

    def as_json(self, say: Say = in_english) -> dict[str, dict[str, object]]:
        said = super().as_json(say)
        if self.leaf:
            said["error"]["leaf"] = str(self.leaf)
        return said


class Held(Conflict):
    """What is under a legal hold. That it is, and why, is said to none but those who may place one."""

    code = "kept"
    sentence = _("This cannot be deleted at present. Whoever looks after this site can tell you more.")


class TooLong(ChatError):
    code = "too_long"
    status = 413
    sentence = _("This is too long to send.")


class Unsupported(ChatError):
    code = "unsupported"
    status = 415
    sentence = _("A file of this kind cannot be read here.")


class TooMany(ChatError):
    code = "too_many"
    status = 429
    sentence = _("You are over a limit. Wait a moment and try again.")


class OverQuota(TooMany):
    code = "quota"
    sentence = _("Your quota has no room for this.")


class Unavailable(ChatError):
    code = "unavailable"
    status = 503
    sentence = _("The site cannot take this now. Please try again in a minute.")


class UpstreamError(ChatError):
    code = "upstream"
    status = 502
    sentence = _("The model's service failed. Try again in a moment.")


class NoModel(UpstreamError):
    code = "no_model"
    sentence = _("No model is set up on this site yet. The administrator can set OPENAI_API_KEY or OPENAI_BASE_URL.")


class UpstreamUnreachable(UpstreamError):
    code = "unreachable"
    sentence = _("The model's service could not be reached. Try again in a moment.")


class UpstreamRefused(UpstreamError):
    code = "refused_by_upstream"
    sentence = _("The model's service refused the request.")


class UpstreamBusy(UpstreamRefused):
    code = "upstream_busy"
    sentence = _("The model's service is over its limit just now. Try again in a minute.")
    seconds = numbered(_("The model's service is over its limit just now. Try again in %(number)s s."))
    minutes = numbered(_("The model's service is over its limit just now. Try again in %(number)s minutes."))
    hours = _("The model's service is over its limit just now. Try again in a few hours.")
    days = _("The model's service is over its limit just now. Try again in a day or more.")


class NoCredit(UpstreamRefused):
    code = "upstream_credit"
    sentence = _(
        "The account that this site has at the model's service is out of credit. "
        "Trying again does not help; the administrator finds it in the log."
    )


class UpstreamBroke(UpstreamError):
    code = "broken_answer"
    sentence = _("The model's service sent something that is not an answer. Try again in a moment.")
    reported = _("The model's service reported an error while it answered. Try again in a moment.")


class UpstreamTimeout(UpstreamError):
    code = "timeout"
    sentence = _("The model took too long to answer. Try again in a moment.")
