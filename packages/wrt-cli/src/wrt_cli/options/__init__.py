"""What options of `wrt` look like: the words that users type, as the values that commands take."""
