"""docs/protocol.md and the code say the same."""

import re
from pathlib import Path
from typing import get_args

from flattr_host import flattring, ledger, settings
from flattr_host.account import errors as account_errors
from flattr_host.api.errors import FlattrError
from flattr_host.native.errors import sentences
from flattr_host.native.messages import FEATURES, AnyRequest

DOCS = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")

# Append only: what was released stays, in this order.
RELEASED = [
    "invalid_json",
    "invalid_request",
    "unknown_type",
    "empty_frame",
    "frame_too_large",
    "answer_too_large",
    "duplicate_id",
    "too_many_requests",
    "unsupported_protocol",
    "internal_error",
    "not_flattrable",
    "confirmation_required",
    "cancelled",
    "flattr_once",
    "flattr_owner",
    "no_means",
    "not_found",
    "ledger_unavailable",
    "invalid_settings",
    "validation",
    "unauthorized",
    "not_connected",
    "insufficient_scope",
    "invalid_scope",
    "forbidden",
    "thing_owner",
    "subscribed",
    "invalid_parameters",
    "not_acceptable",
    "rate_limit_exceeded",
    "server_refused",
    "server_unreachable",
    "answer_lost",
    "bad_answer",
    "server_error",
    "token_unavailable",
    "connecting_failed",
    "account_error",
]

# What only a flattr, or a subscription, can end with.
FLATTRING = {
    "interrupted",
    "payee_not_seen",
    "not_flattrable",
    "confirmation_required",
    "flattr_once",
    "flattr_owner",
    "no_means",
    "thing_owner",
    "subscribed",
}


def test_error_codes_are_documented_in_their_order() -> None:
    table = DOCS[DOCS.index("## Error codes") :]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(sentences())


def test_what_is_said_where_nothing_was_to_be_flattred() -> None:
    assert list(sentences(is_flattr=False)) == list(sentences())
    for code in set(sentences()) - FLATTRING:
        assert "flattred" not in sentences(is_flattr=False)[code], code


def test_released_error_codes_stay() -> None:
    assert list(sentences())[: len(RELEASED)] == RELEASED


def test_every_error_of_the_code_has_its_sentence() -> None:
    assert {
        flattring,
        ledger,
        settings,
        account_errors,
    }  # all rooms with errors of their own are imported
    classes = [FlattrError]
    for error in classes:
        classes += error.__subclasses__()
    codes = {error.code for error in classes if "code" in vars(error)}
    assert codes >= {"flattr_once", "cancelled", "ledger_unavailable", "invalid_settings"}
    assert codes <= set(sentences())


def test_every_request_is_documented_and_announced() -> None:
    tags = [request.__struct_config__.tag for request in get_args(AnyRequest)]
    assert list(FEATURES) == tags
    assert re.findall(r"^### `(\w+)`", DOCS, re.MULTILINE) == tags
