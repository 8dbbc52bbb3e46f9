from django.apps import AppConfig


class ServingConfig(AppConfig):
    """For a project that develops with daphne: listed before "daphne", its `runserver` serves with our server."""

    name = "chat.serving"
    label = "chat_serving"
