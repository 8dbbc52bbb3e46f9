"""What operators do with the site's database as a whole: back it up and restore it.

`backups.py` has the steps, which are the same for both databases; `sqlite.py` and `postgresql.py` what differs;
`whole_file.py` how a file appears whole or not at all. Whatever cannot be is `Refused`, in a
sentence for whoever runs the site, and has changed nothing.
"""
