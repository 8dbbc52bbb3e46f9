"""All that a site has of one person, in a zip that they can read: pages beside JSON.

`sections` is the registry: each room, each app of the project may add what it has. `account`, `content` and `records`
are what the chat has by itself, `pages` makes the HTML, and `archive` the file, in steps: however much there is, a few
rows are in memory.
"""

from chat.import_export.subject import account, content, records  # noqa: F401 - they register, in this order
from chat.import_export.subject.archive import subject_zip
from chat.import_export.subject.sections import File, Section, in_steps, leave_out, register, untold

__all__ = ["File", "Section", "in_steps", "leave_out", "register", "subject_zip", "untold"]
