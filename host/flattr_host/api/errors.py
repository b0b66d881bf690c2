"""The API's error words as exceptions.

    FlattrError                     anything that ends a request with a code and a sentence
     ├─ ApiError                    a word of the API, in its ``error``
     │   ├─ InvalidRequest          400 invalid_request
     │   ├─ InvalidParameters       400 invalid_parameters
     │   ├─ Validation              400 validation
     │   ├─ Unauthorized            401 unauthorized
     │   ├─ NoMeans                 401 no_means (also no_money, and any 402)
     │   ├─ FlattrOnce              403 flattr_once
     │   ├─ FlattrOwner             403 flattr_owner
     │   ├─ ThingOwner              403 thing_owner
     │   ├─ Subscribed              403 subscribed
     │   ├─ InvalidScope            403 invalid_scope
     │   ├─ InsufficientScope       403 insufficient_scope
     │   ├─ Forbidden               403 forbidden
     │   ├─ RateLimitExceeded       403 rate_limit_exceeded
     │   ├─ NotFound                404 not_found
     │   ├─ NotAcceptable           406 not_acceptable
     │   └─ UnknownRefusal          any other word
     └─ ServerTrouble               no word of the API: what went wrong on the way to it and back
         ├─ Unreachable             surely nothing arrived
         ├─ AnswerLost              it may have arrived
         ├─ BadAnswer               it answered with something that no API answers
         └─ ServerError             it says itself that it failed (5xx)

Decide by the class or by ``code``, never by the status: 401 and 403 each mean several things.
"""

from typing import ClassVar

from .objects import RateLimit

#: No more of a server's own sentence than this (characters) is shown to a person.
MAX_DESCRIPTION = 300


class FlattrError(Exception):
    """Ends a request. ``code`` is stable and for programs; ``str()`` tells what happened here.

    The sentence for the person is looked up by ``code``; a ``detail`` that is given is added to
    it, so it must be one that a person can read and that holds nothing secret.
    """

    code: str
    #: Seconds before which it is of no use to try again, where that was told; else 0.
    retry_after: float = 0.0

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class ApiError(FlattrError):
    """An error word of the API.

    ``description`` is the server's ``error_description``, by default the documented one.
    ``status`` is the HTTP status that it came with, by default the documented one, and
    ``rate_limit`` what the answer's headers said, if they did.
    """

    documented: ClassVar[str]
    #: Whether the server's own sentence says something that the code does not.
    shows_description: ClassVar[bool] = False
    status: int

    def __init__(
        self,
        description: str = "",
        *,
        status: int | None = None,
        rate_limit: RateLimit | None = None,
    ) -> None:
        super().__init__(description[:MAX_DESCRIPTION] if self.shows_description else "")
        self.description = description or self.documented
        self.status = status or self.status
        self.rate_limit = rate_limit

    def __str__(self) -> str:
        return self.description


class InvalidRequest(ApiError):
    """What was sent cannot be flattred: no URL, or one that nothing can be found out from."""

    code, status = "invalid_request", 400
    documented = "Request is not valid"


class InvalidParameters(ApiError):
    """A parameter is missing or invalid."""

    code, status = "invalid_parameters", 400
    documented = "A parameter is missing or invalid"
    shows_description = True


class Validation(ApiError):
    """What was sent contradicts what is known, as a thing's owner."""

    code, status = "validation", 400
    documented = "What was sent contradicts what is known"
    shows_description = True


class Unauthorized(ApiError):
    """There is no token, or it is not valid (any more)."""

    code, status = "unauthorized", 401
    documented = "You are unauthorized to access the resource"


class NoMeans(ApiError):
    """The user has nothing left to flattr with."""

    code, status = "no_means", 401
    documented = "Current user don't have enough means to flattr"


class FlattrOnce(ApiError):
    """The user has already flattred the thing in this calendar month (UTC)."""

    code, status = "flattr_once", 403
    documented = "The current user have already flattred the thing"


class FlattrOwner(ApiError):
    """The user is the owner of the thing."""

    code, status = "flattr_owner", 403
    documented = "User is the owner of the thing"


class ThingOwner(ApiError):
    """The user is the owner of the thing, and cannot subscribe to it."""

    code, status = "thing_owner", 403
    documented = "User is the owner of the thing"


class Subscribed(ApiError):
    """The user is already subscribed to the thing."""

    code, status = "subscribed", 403
    documented = "The current user is already subscribed to the thing"


class InvalidScope(ApiError):
    """There is no such scope."""

    code, status = "invalid_scope", 403
    documented = "There is no such scope"


class InsufficientScope(ApiError):
    """The token does not allow this; a new one, with more scope, would."""

    code, status = "insufficient_scope", 403
    documented = "The token does not have the scope that this takes"


class Forbidden(ApiError):
    """The user may not do this, whatever the token's scope."""

    code, status = "forbidden", 403
    documented = "You are not allowed to do this"
    shows_description = True


class RateLimitExceeded(ApiError):
    """Too many calls in this hour; ``rate_limit.reset`` is when there are calls again."""

    code, status = "rate_limit_exceeded", 403
    documented = "The rate limit is exceeded"


class NotFound(ApiError):
    """The thing, or the user, does not exist."""

    code, status = "not_found", 404
    documented = "The resource could not be found"


class NotAcceptable(ApiError):
    """The format that was asked for is not offered."""

    code, status = "not_acceptable", 406
    documented = "The format that was asked for is not offered"


class UnknownRefusal(ApiError):
    """A word that the API does not document; ``description`` has it and what the server says."""

    code, status = "server_refused", 400
    documented = "Refused, for a reason that is not documented"
    shows_description = True


class ServerTrouble(FlattrError):
    """No word of the API: something went wrong on the way to the server, or on the way back."""


class Unreachable(ServerTrouble):
    """There was no connection, so nothing arrived; ``detail`` says why."""

    code = "server_unreachable"


class AnswerLost(ServerTrouble):
    """The request was sent, and no whole answer came back: nobody knows whether it was done."""

    code = "answer_lost"


class BadAnswer(ServerTrouble):
    """The answer is none that the API knows; ``detail`` says how."""

    code = "bad_answer"


class ServerError(ServerTrouble):
    """The server says itself that it failed (5xx)."""

    code = "server_error"


_BY_WORD = {kind.code: kind for kind in ApiError.__subclasses__() if kind is not UnknownRefusal}
_BY_WORD["no_money"] = NoMeans  # what the service itself called it from 2014-09
_BY_WORD["invalid_token"] = Unauthorized  # the word of RFC 6750, where servers take theirs from


def error_of(
    word: str, description: str = "", *, status: int, rate_limit: RateLimit | None = None
) -> ApiError:
    """The exception for the API's error ``word``."""
    kind = _BY_WORD.get(word, UnknownRefusal)
    if kind is UnknownRefusal:
        description = ": ".join(filter(None, (word, description)))
    return kind(description, status=status, rate_limit=rate_limit)
