"""Arrays from files and from Python. A header is judged before its numbers are read.

Nothing is ever unpickled. What a foreign file holds may fail in every way that its decoders know;
each ends in one error that says in which file, and for which name in it.
"""
