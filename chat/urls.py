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
    messages,
    search,
    temporary,
)

urlpatterns = [
    path("", conversations.new, name="new"),
    path("c/<uuid:conversation_id>/", conversations.show, name="conversation"),
    path("c/<uuid:conversation_id>/messages/", messages.create, name="messages"),
    path("c/<uuid:conversation_id>/export/", exports.one, name="export"),
    path("c/<uuid:conversation_id>/departure/", temporary.leave, name="departure"),
    path("c/<uuid:conversation_id>/keeping/", temporary.keep, name="keeping"),
    path("search/", search.search, name="search"),
    path("export/", exports.everything, name="export_all"),
    path("settings/erasure/", erasure.show, name="erasure"),
    path("settings/erasure/conversations/", erasure.conversations, name="conversations_erasure"),
    path("settings/erasure/account/", erasure.account, name="account_erasure"),
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
