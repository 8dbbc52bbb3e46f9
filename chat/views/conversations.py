"""Pages: a new conversation, and one that exists."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from chat.assets.version import site_version
from chat.audit import told_in_short
from chat.conversations.deletion import restorable
from chat.conversations.listing import listing
from chat.conversations.notice import pending
from chat.conversations.organizing import find_owned
from chat.conversations.preferences import preferred
from chat.core import pagination
from chat.core.rights import Rights
from chat.forms.options import OptionsForm
from chat.live import hints
from chat.models import Attachment, Conversation, Generation, Message, branches
from chat.models.page_messages import Last
from chat.models.rights import rights_of
from chat.providers import openai
from chat.providers.registry import registry
from chat.usage.quota_words import line
from chat.usage.quotas import allowances_of
from chat.views.branches import Section, asked_begin, asked_id, asked_ids, section
from chat.views.endpoints import comes_back_to, endpoint
from chat.views.errors import wants_json
from chat.views.frame import Frame
from chat.views.listing import asked_cursor, list_tag
from chat.views.offers import models_for, tools_for
from chat.views.pages import answer_if_changed, render_page
from chat.views.time_zones import zone_of


@endpoint("GET")
def new(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET / — a page with a fresh uuid in its form; nothing is stored until something is sent.

    With `?temporary` what is sent makes a temporary conversation.
    """
    conversation = Conversation(owner_id=user.pk, is_temporary="temporary" in request.GET)
    return _page(request, user, conversation, Section(), hints.now())


@endpoint("GET", comes_back=False)
def show(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """GET /c/<uuid>/ — the end of the conversation; with `?from=` what follows from that message on.

    With `?print` from its first message on, with `?message=` the branch of that message. As JSON its state, for a page
    that is open.
    """
    told = hints.now()  # before anything is read: what changes meanwhile is told to the page afterwards
    conversation = find_owned(user.pk, conversation_id)
    if conversation.left_at:  # which it has read with all else, where `comes_back` would cost each page a query
        comes_back_to(request, conversation_id)
    if wants_json(request):
        state = _state(conversation)
        return answer_if_changed(request, repr(state), partial(JsonResponse, state))
    return _page(request, user, conversation, _asked_section(request, conversation), told)


def to_answer(generation: Generation) -> HttpResponse:
    """Where a plain form leads. To no fragment of the page: a refresh would not load it again then."""
    return redirect(generation.message.conversation)


def _state(conversation: Conversation) -> dict[str, object]:
    """What a page that is open compares with what it shows."""
    written = Generation.objects.filter(message=conversation.current_id).order_by("-number")
    title = {"id": str(conversation.pk), "title": conversation.title, "titled_by": conversation.titled_by}
    return title | {"leaf": conversation.current_id, "generation": written.values_list("pk", flat=True).first()}


def _asked_section(request: HttpRequest, conversation: Conversation) -> Section:
    edited, begin, is_print = asked_id(request, "edit"), asked_begin(request), "print" in request.GET
    wanted = edited or asked_id(request, "message") or begin
    if not wanted and not is_print:
        path, spots = branches.end(conversation.pk, conversation.current_id, pagination.MOST_ABOVE)
        return section(conversation, path, spots=spots)
    path = conversation.path(conversation.current_id)
    if wanted and wanted not in path:
        path = conversation.path(branches.leaf_below(wanted)) or path
    return section(conversation, path, path[0] if path and is_print else begin, holding=edited)


def _page(
    request: HttpRequest, user: AbstractBaseUser, conversation: Conversation, shown: Section, told: str
) -> HttpResponseBase:
    leaf = _leaf(shown)
    listed = listing(user.pk, asked_cursor(request), zone_of(request))
    models = models_for(user)
    choice, notice = _choice(conversation, leaf, rights_of(user)), openai.notice()
    attached, deleted = _attached(request, user), _deleted(request, user)
    # What is being written is shown, and can be stopped, all the same.
    standing = None if shown.is_running else pending(user.pk)
    switches = tools_for(user, conversation.off)
    readings = None if conversation._state.adding else told_in_short(user.pk, conversation.pk)
    quota_line = line(allowances_of(user))
    frame = Frame.around(
        user,
        is_new=conversation._state.adding,
        is_temporary=conversation.is_temporary,
        is_due=conversation.due_at is not None,
        is_running=shown.is_running,
        is_stoppable=bool(leaf and leaf.generation and leaf.generation.is_running),
        chosen=choice.key,
        has_notes=bool(notice or choice.gone or choice.is_denied or not models["models"]),
        notice=standing.notice.version if standing else "",
        has_deleted=bool(deleted),
        has_readings=bool(readings),
        has_quota_line=bool(quota_line),
        has_tools=bool(switches.rows),
        files=len(attached),
    )
    context = {
        "frame": frame,
        "conversation": conversation,
        "section": shown,
        "version": site_version(),
        "told": told,
        "leaf": leaf,
        "list_tag": list_tag(request, listed),
        "listing": listed.mark(conversation.pk, asked_id(request, "rename")),
        "after": request.GET.get("after", ""),
        "deleted": deleted,
        "standing": standing,
        "readings": readings,
        "quota_line": quota_line,
        "edited": None if shown.is_running else _edited(request, shown.messages),
        "next_id": uuid.uuid4(),
        "attached": attached,
        "back": request.get_full_path(),
        **models,
        "choice": choice,
        "options_form": _options_form(user, conversation),
        "model_notice": notice,
        "tools": switches,
        "may_attach": frame.may_attach,
    }
    return render_page(request, "chat/conversation/conversation.html", context)


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that goes on if nobody chooses another: the one that answered last, or the first if that is gone."""

    key: str
    title: str
    gone: str = ""
    """What the one is called that answered last, where it is not offered any more."""
    is_denied: bool = False
    """Is that one offered to others?"""


def _choice(conversation: Conversation, leaf: Message | Last | None, rights: Rights) -> Choice:
    """With an empty key where none is offered."""
    offered = registry().offered_to(rights)
    asked = (leaf and leaf.generation) or conversation
    model = registry().still(asked.provider, asked.model, [model.key for model in offered])
    key, title = next(((each.key, each.title) for each in (model, *offered) if each), ("", ""))
    if model or not asked.model:
        return Choice(key, title)
    is_denied = registry().still(asked.provider, asked.model) is not None
    return Choice(key, title, gone=asked.model_title, is_denied=is_denied)


def _leaf(shown: Section) -> Message | Last | None:
    """What the next question follows, on show or not."""
    if shown.later_from and shown.leaf:
        return Message.objects.filter(pk=shown.leaf).first()
    return shown.messages.last


def _options_form(user: AbstractBaseUser, conversation: Conversation) -> OptionsForm:
    """Its settings; those of a new one go with its first question."""
    if conversation._state.adding:
        return OptionsForm.showing(preferred(user.pk), [("preferences", user.pk)]).belonging_to("composer")
    return OptionsForm.showing(conversation.options, conversation.rows)


def _attached(request: HttpRequest, user: AbstractBaseUser) -> list[Attachment]:
    """What `?attached=` says was uploaded for the question that is being written, where there are no scripts."""
    ids = asked_ids(request, "attached")
    return list(Attachment.objects.of(user.pk).unsent().filter(pk__in=ids)) if ids else []


def _deleted(request: HttpRequest, user: AbstractBaseUser) -> Conversation | None:
    """What `?deleted=` says was deleted, while that can be taken back."""
    pk = asked_id(request, "deleted")
    return restorable(user.pk, pk) if pk else None


def _edited(request: HttpRequest, branch: Sequence[Message]) -> uuid.UUID | None:
    """The question that `?edit=` asks to be shown in a form, where there are no scripts to do so."""
    if not (wanted := asked_id(request, "edit")):
        return None
    return next((each.pk for each in branch if each.pk == wanted and each.role == Message.Role.USER), None)
