"""The API's error words as exceptions.

    FlattrError                 anything that ends a request with a code and a sentence
     └─ ApiError                a word of the API
         ├─ InvalidRequest      400 invalid_request
         ├─ Validation          400 validation
         ├─ NoMeans             401 no_means
         ├─ FlattrOnce          403 flattr_once
         ├─ FlattrOwner         403 flattr_owner
         └─ NotFound            404 not_found

Decide by the class or by ``code``, never by the status: 401 and 403 each mean several things.
"""

from typing import ClassVar


class FlattrError(Exception):
    """Ends a request. ``code`` is stable and for programs; ``str()`` tells what happened here.

    The sentence for the person is looked up by ``code``; a ``detail`` that is given is added to
    it, so it must be one that a person can read and that holds nothing secret.
    """

    code: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class ApiError(FlattrError):
    """An error word of the API, with the HTTP ``status`` that the API documents for it."""

    status: ClassVar[int]


class InvalidRequest(ApiError):
    """What was sent cannot be flattred: no URL, or one that nothing can be found out from."""

    code = "invalid_request"
    status = 400


class Validation(ApiError):
    """What was sent contradicts what is known, as a thing's owner."""

    code = "validation"
    status = 400


class NoMeans(ApiError):
    """The user has nothing left to flattr with."""

    code = "no_means"
    status = 401


class FlattrOnce(ApiError):
    """The user has already flattred the thing in this calendar month (UTC)."""

    code = "flattr_once"
    status = 403


class FlattrOwner(ApiError):
    """The user is the owner of the thing."""

    code = "flattr_owner"
    status = 403


class NotFound(ApiError):
    """The thing does not exist."""

    code = "not_found"
    status = 404
