"""The tag that names a page's ES modules."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from chat.assets.js_modules import imported_by

register = template.Library()


@register.simple_tag
def preload_imports(entry: str) -> SafeString:
    """A link for each module that `entry`, a static file, imports: all at once, where imports alone would fetch them
    one after another."""
    links = ((static(name),) for name in imported_by(entry))
    return format_html_join("\n", '<link rel="modulepreload" href="{}">', links)
