"""Bad calls, each a line of a torch program that torch refuses.

`CASES` holds (subject, setup, call, phrase). The setup runs first; then the call must raise torch's exception
with torch's first sentence. A case may give a phrase instead, where torch's sentence is not worth copying:
then the type must be torch's and the message must contain the phrase. Why is said beside it.
"""

CASES = []


def bad(subject, setup, *calls):
    """Enter the calls, each a string or a pair (string, phrase), under one setup."""
    for call in calls:
        call, phrase = call if isinstance(call, tuple) else (call, None)
        CASES.append((subject, setup, call, phrase))
