"""The error words as exceptions, and secrets that stay secret."""

import copy
import pickle
import traceback

import pytest

from flattr_host.api.errors import (
    AnswerLost,
    ApiError,
    BadAnswer,
    FlattrError,
    FlattrOnce,
    NoMeans,
    RateLimitExceeded,
    ServerError,
    ServerTrouble,
    Unauthorized,
    UnknownRefusal,
    Unreachable,
    error_of,
)
from flattr_host.api.objects import RateLimit
from flattr_host.api.secret import Secret

#: The words with their documented statuses, flattr-api-v2's table.
WORDS = {
    "invalid_request": 400,
    "invalid_parameters": 400,
    "validation": 400,
    "unauthorized": 401,
    "no_means": 401,
    "flattr_once": 403,
    "flattr_owner": 403,
    "thing_owner": 403,
    "subscribed": 403,
    "invalid_scope": 403,
    "insufficient_scope": 403,
    "forbidden": 403,
    "rate_limit_exceeded": 403,
    "not_found": 404,
    "not_acceptable": 406,
}


@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_an_exception_with_its_status(word: str) -> None:
    error = error_of(word, status=418, rate_limit=RateLimit(1, 2, 3, 4))
    assert (error.code, error.status, type(error).status) == (word, 418, WORDS[word])
    assert error.rate_limit == RateLimit(1, 2, 3, 4)
    assert str(error) == error.description == type(error).documented
    assert str(error_of(word, "As the server says", status=400)) == "As the server says"


def test_the_words_are_all() -> None:
    kinds = {kind.code for kind in ApiError.__subclasses__()}
    assert kinds == {*WORDS, UnknownRefusal.code}


def test_other_words_for_the_same() -> None:
    assert type(error_of("no_money", status=401)) is NoMeans
    assert type(error_of("invalid_token", status=401)) is Unauthorized


def test_a_word_that_nobody_knows() -> None:
    error = error_of("teapot", "Short and stout", status=418)
    assert type(error) is UnknownRefusal
    assert (error.code, str(error)) == ("server_refused", "teapot: Short and stout")
    assert str(error_of("teapot", status=418)) == "teapot"


def test_a_server_s_own_sentence_is_shown_where_it_says_more_and_bounded() -> None:
    assert error_of("validation", "x" * 1000, status=400).detail == "x" * 300
    assert error_of("flattr_once", "x" * 1000, status=403).detail == ""
    assert FlattrOnce().detail == ""


def test_trouble_is_no_word_of_the_api() -> None:
    codes = {
        Unreachable: "server_unreachable",
        AnswerLost: "answer_lost",
        BadAnswer: "bad_answer",
        ServerError: "server_error",
    }
    assert set(codes) == set(ServerTrouble.__subclasses__())
    for kind, code in codes.items():
        error: FlattrError = kind("It is so.")
        assert (error.code, error.detail, str(error)) == (code, "It is so.", "It is so.")
        assert not isinstance(error, ApiError)


def test_the_rate_limit_s_reset_goes_with_the_error() -> None:
    error = RateLimitExceeded(rate_limit=RateLimit(1000, 0, 1000, 1342521939))
    assert error.rate_limit
    assert error.rate_limit.reset == 1342521939


def test_a_secret_is_used_and_never_shown() -> None:
    secret = Secret("hunter2")
    assert secret.reveal() == "hunter2"
    for shown in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        repr([secret]),
        f"{secret!s}",
    ):
        assert "hunter2" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)
    assert not hasattr(secret, "__dict__")
    try:
        raise ValueError(secret)
    except ValueError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert "hunter2" not in "".join(told.format())
