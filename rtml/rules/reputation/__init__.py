"""Domain reputation: a small model of our own over the characters of names.

A user names lists of good names and of bad ones in up to four categories (`categories`); `train`
fits one logistic regression per category over hashed character n-grams, measures it on families
that it has not seen, and sets each threshold on good names that were held out. `match_reputation`
runs a model over the queries of a capture and yields ordinary hits. No name is hard-coded, and
nothing ships trained: a model is as good as the lists that it was given.
"""
