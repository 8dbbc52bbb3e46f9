"""What an owner does with conversations: ask, continue, choose, list, organize, search, share, rate, prefer."""
