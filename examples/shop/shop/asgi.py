import os

from chat.serving.asgi import get_asgi_application  # Django's own would do, with a thread for each open stream

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_asgi_application()
