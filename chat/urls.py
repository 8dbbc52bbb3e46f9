from django.urls import path, register_converter
from django.urls.converters import UUIDConverter

from chat.models import audience
from chat.views import (
    attachments,
    branches,
    catalogue,
    conversations,
    details,
    diagnostics,
    erasure,
    exports,
    feedback,
    generations,
    hints,
    imports,
    listing,
    message_actions,
    messages,
    notice,
    organizing,
    page_templates,
    personal_data,
    preferences,
    privacy,
    prompts,
    search,
    shares,
    temporary,
    tools,
    usage,
)

app_name = "chat"


class AnyCaseUUID(UUIDConverter):
    """As in bodies: in capitals too (RFC 9562, section 4)."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


register_converter(AnyCaseUUID, "any_case_uuid")

urlpatterns = [
    path("", conversations.new, name="new"),
    path("c/<any_case_uuid:conversation_id>/", conversations.show, name="conversation"),
    path("c/<any_case_uuid:conversation_id>/messages/", messages.create, name="messages"),
    path("c/<any_case_uuid:conversation_id>/export/", exports.one, name="export"),
    path("c/<any_case_uuid:conversation_id>/settings/", preferences.conversation, name="conversation_settings"),
    path("settings/", preferences.defaults, name="preferences"),
    path("settings/privacy/", privacy.show, name="privacy"),
    path("c/<any_case_uuid:conversation_id>/actions/", organizing.actions, name="conversation_actions"),
    path("c/<any_case_uuid:conversation_id>/title/", organizing.rename, name="title"),
    path("c/<any_case_uuid:conversation_id>/shelf/", organizing.set_flags, name="flags"),
    path("c/<any_case_uuid:conversation_id>/deletion/", organizing.delete, name="deletion"),
    path("c/<any_case_uuid:conversation_id>/restoration/", organizing.restore, name="restoration"),
    path("c/<any_case_uuid:conversation_id>/tools/", tools.conversation, name="conversation_tools"),
    path("tools/", tools.offered, name="tools"),
    path("conversations/", listing.conversations, name="conversations"),
    path("conversations/<any_case_uuid:conversation_id>/", listing.entry, name="entry"),
    path("archive/", listing.archive, name="archive"),
    path("settings/prompts/", prompts.prompts, name="prompts"),
    path("settings/prompts/<any_case_uuid:prompt_id>/", prompts.prompt, name="prompt"),
    path("settings/prompts/<any_case_uuid:prompt_id>/deletion/", prompts.delete, name="prompt_deletion"),
    path("prompts/", prompts.offered, name="offered_prompts"),
    path("c/<any_case_uuid:conversation_id>/departure/", temporary.leave, name="leave"),
    path("c/<any_case_uuid:conversation_id>/keeping/", temporary.keep, name="keep"),
    path("search/", search.search, name="search"),
    path("notice/", notice.show, name="notice"),
    path("export/", exports.everything, name="export_all"),
    path("personal-data/", personal_data.download, name="personal_data"),
    path("settings/erasure/", erasure.show, name="erasure"),
    path("settings/erasure/conversations/", erasure.conversations, name="erase_conversations"),
    path("settings/erasure/account/", erasure.account, name="erase_account"),
    path("settings/usage/", usage.usage, name="usage"),
    path("settings/import/", imports.show, name="import"),
    path("imports/", imports.create, name="imports"),
    path("imports/<any_case_uuid:import_id>/", imports.progress, name="import_progress"),
    path("attachments/", attachments.create, name="attachments"),
    path("attachments/<any_case_uuid:attachment_id>/", attachments.show, name="attachment"),
    path("attachments/<any_case_uuid:attachment_id>/thumbnail/", attachments.thumbnail, name="thumbnail"),
    path("attachments/<any_case_uuid:attachment_id>/deletion/", attachments.delete, name="attachment_deletion"),
    path("messages/<any_case_uuid:message_id>/ancestors/", branches.ancestors, name="ancestors"),
    path("messages/<any_case_uuid:message_id>/actions/", message_actions.show, name="message_actions"),
    path("messages/<any_case_uuid:message_id>/details/", details.details, name="details"),
    path("messages/<any_case_uuid:message_id>/regenerations/", messages.regenerate, name="regenerations"),
    path("messages/<any_case_uuid:message_id>/continuations/", messages.continue_, name="continuations"),
    path("messages/<any_case_uuid:message_id>/selection/", messages.select, name="selection"),
    path("messages/<any_case_uuid:message_id>/feedback/", feedback.give, name="feedback"),
    path("generations/<any_case_uuid:generation_id>/events/", generations.events, name="events"),
    path("generations/<any_case_uuid:generation_id>/cancellation/", generations.cancel, name="cancellation"),
    path("hints/", hints.hints, name="hints"),
    path("diagnostics/stream/", diagnostics.stream, name="test_stream"),
    path("templates/", page_templates.show, name="templates"),
    path("catalogue/<str:language>/", catalogue.catalogue, name="catalogue"),
]

if audience.is_on():
    urlpatterns += [
        path("c/<any_case_uuid:conversation_id>/shares/", shares.create, name="share"),
        path("s/<slug:token>/", shares.show, name="shared"),
        path("settings/links/", shares.listing, name="shares"),
        path("shares/<slug:token>/revocation/", shares.revoke, name="revocation"),
    ]
