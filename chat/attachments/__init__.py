"""Files that questions bear: uploaded, inspected in a process of its own (`sandbox`, `inspection`), shown to a model.

Nothing is imported here, because the process that inspects begins with this package and must know nothing of the site.
"""
