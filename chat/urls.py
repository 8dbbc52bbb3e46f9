from django.conf import settings
from django.urls import path

from chat.views import (
    branches,
    conversations,
    details,
    diagnostics,
    erasure,
    exports,
    feedback,
    generations,
    imports,
    keeping,
    listing,
    messages,
    preferences,
    prompts,
    search,
    shares,
)

urlpatterns = [
    path("", conversations.new, name="new"),
    path("c/<uuid:conversation_id>/", conversations.show, name="conversation"),
    path("c/<uuid:conversation_id>/messages/", messages.create, name="messages"),
    path("c/<uuid:conversation_id>/export/", exports.one, name="export"),
    path("c/<uuid:conversation_id>/settings/", preferences.conversation, name="conversation_settings"),
    path("settings/", preferences.defaults, name="preferences"),
    path("c/<uuid:conversation_id>/title/", keeping.rename, name="title"),
    path("c/<uuid:conversation_id>/shelf/", keeping.shelve, name="shelf"),
    path("c/<uuid:conversation_id>/deletion/", keeping.delete, name="deletion"),
    path("c/<uuid:conversation_id>/restoration/", keeping.restore, name="restoration"),
    path("conversations/", listing.conversations, name="conversations"),
    path("archive/", listing.archive, name="archived"),
    path("settings/prompts/", prompts.prompts, name="prompts"),
    path("settings/prompts/<uuid:prompt_id>/", prompts.prompt, name="prompt"),
    path("settings/prompts/<uuid:prompt_id>/deletion/", prompts.delete, name="prompt_deletion"),
    path("prompts/", prompts.offered, name="library"),
    path("search/", search.search, name="search"),
    path("export/", exports.everything, name="export_all"),
    path("settings/erasure/", erasure.show, name="erasure"),
    path("settings/erasure/conversations/", erasure.conversations, name="conversations_erasure"),
    path("settings/erasure/account/", erasure.account, name="account_erasure"),
    path("settings/import/", imports.show, name="import"),
    path("imports/", imports.create, name="imports"),
    path("messages/<uuid:message_id>/ancestors/", branches.ancestors, name="ancestors"),
    path("messages/<uuid:message_id>/details/", details.details, name="details"),
    path("messages/<uuid:message_id>/regenerations/", messages.regenerate, name="regenerations"),
    path("messages/<uuid:message_id>/continuations/", messages.continue_, name="continuations"),
    path("messages/<uuid:message_id>/selection/", messages.select, name="selection"),
    path("messages/<uuid:message_id>/feedback/", feedback.give, name="feedback"),
    path("generations/<uuid:generation_id>/events/", generations.events, name="events"),
    path("generations/<uuid:generation_id>/cancellation/", generations.cancel, name="cancellation"),
    path("diagnostics/stream/", diagnostics.stream, name="test_stream"),
]

if settings.CHAT_SHARING:
    urlpatterns += [
        path("c/<uuid:conversation_id>/shares/", shares.create, name="share"),
        path("s/<str:token>/", shares.show, name="shared"),
        path("settings/links/", shares.listing, name="shares"),
        path("shares/<str:token>/revocation/", shares.revoke, name="revocation"),
    ]
