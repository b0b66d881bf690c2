"""The remote backend: a server of the API, called over HTTP."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from yarl import URL

from . import client
from .client import Call
from .errors import AnswerLost, BadAnswer, FlattrError, RateLimitExceeded, Unauthorized, Unreachable
from .limiting import UNKNOWN_PAUSE, gate_of, in_words, seconds_to_reset
from .objects import (
    COUNT,
    Choice,
    Flattr,
    Flattred,
    Lookup,
    RateLimit,
    RateLimitStatus,
    Search,
    SearchResult,
    Thing,
    ThingChange,
    ThingDraft,
    User,
)
from .secret import Secret
from .transport import TOTAL_TIMEOUT, Reply, request, run

#: Seconds after which a call has ended, one way or the other, waiting and trying again included.
PATIENCE = 38.0
#: The longest wait, in seconds, for a rate limit's reset; a person waits no longer for a click.
MAX_WAIT = 20.0
#: Seconds that must be left for another try.
WORTH_A_TRY = 5.0
#: Seconds before it.
PAUSE = 0.3

_OVERLOADED = frozenset({502, 503, 504})
_NO_PATCH = frozenset({405, 501})
#: What can stand in an Authorization header.
_TOKEN = re.compile(r"[\x21-\x7e]+")


class RemoteBackend:
    """A :class:`flattr_host.backend.Backend` at ``api_url``, for the user of ``token``.

    ``token`` None is nobody: what takes one raises ``Unauthorized``, without a call. It is sent to
    ``api_url``'s origin, below its path, and nowhere else. ``on_wait`` is told the seconds before
    a wait for the rate limit's reset. Besides the errors of the protocol, all methods raise
    ``ServerTrouble`` and ``RateLimitExceeded``; they end within ``PATIENCE`` seconds.
    """

    def __init__(
        self,
        api_url: str,
        token: Secret | None,
        on_wait: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._token = token if token and _TOKEN.fullmatch(token.reveal()) else None
        self._on_wait = on_wait
        self._gate = gate_of(self._api_url)
        self._rate_limit: RateLimit | None = None

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the last answer said that said something of the rate limit."""
        return self._rate_limit

    def flattr(self, url: str) -> Flattred:
        """See ``Backend.flattr``. ``BadAnswer`` and ``AnswerLost``: it may have been flattred."""
        return self._flattr(client.flattr(url))

    def flattr_thing(self, thing_id: int) -> Flattred:
        """``POST /things/:id/flattr``. Raises as :meth:`flattr` does."""
        return self._flattr(Call("POST", client.things_path([thing_id]) + "/flattr"))

    def flattr_bulk(self, urls: Sequence[str]) -> list[Flattred | FlattrError]:
        """See ``Backend.flattr_bulk``. Raises as :meth:`flattr` does."""
        self._need_token()
        return client.flattred_bulk(self._reply(client.flattr_bulk(urls)), len(urls))

    def flattrs(self, count: int = COUNT, page: int = 1, full: bool = False) -> list[Flattr]:
        """``GET /user/flattrs``."""
        self._need_token()
        return self._flattrs("/user", count, page, full)

    def user_flattrs(
        self, username: str, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Flattr]:
        """``GET /users/:username/flattrs``. Empty: the user hides their flattrs, or has none."""
        return self._flattrs(client.user_path(username), count, page, full)

    def thing_flattrs(
        self, thing_id: int, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Flattr]:
        """``GET /things/:id/flattrs``."""
        return self._flattrs(client.things_path([thing_id]), count, page, full)

    def lookup(self, url: str) -> Lookup:
        """``GET /things/lookup``."""
        answer = client.lookup(self._get(client.get("/things/lookup", {"url": url})))
        if isinstance(answer, str):  # a 200 that says where the thing is
            answer = client.lookup(self._reply(self._call_at(answer)))
        if isinstance(answer, str):
            raise BadAnswer("It leads from one address to the next.")
        return answer

    def thing(self, thing_id: int) -> Thing:
        """``GET /things/:id``."""
        return client.answer(self._get(Call("GET", client.things_path([thing_id]))), Thing)

    def things(self, thing_ids: Sequence[int]) -> list[Thing]:
        """``GET /things/:id,:id``; no call for none."""
        if not thing_ids:
            return []
        return client.things(self._get(Call("GET", client.things_path(thing_ids))))

    def user(self, username: str | None = None) -> User:
        """``GET /users/:username`` or ``GET /user``."""
        return client.answer(self._get(Call("GET", self._user_path(username))), User)

    def user_things(
        self, username: str | None = None, count: int = COUNT, page: int = 1, full: bool = False
    ) -> list[Thing]:
        """``GET /users/:username/things`` or ``GET /user/things``."""
        path = self._user_path(username) + "/things"
        return client.answer(self._get(client.get_page(path, count, page, full)), list[Thing])

    def search(
        self, search: Search, count: int = COUNT, page: int = 1, full: bool = False
    ) -> SearchResult:
        """``GET /things/search``."""
        return client.answer(self._get(client.search(search, count, page, full)), SearchResult)

    def categories(self) -> list[Choice]:
        """``GET /categories``."""
        return client.answer(self._get(Call("GET", "/categories")), list[Choice])

    def languages(self) -> list[Choice]:
        """``GET /languages``."""
        return client.answer(self._get(Call("GET", "/languages")), list[Choice])

    def rate_limit_status(self) -> RateLimitStatus:
        """``GET /rate_limit``, which is not limited itself. A ledger of one's own has no limit."""
        call = Call("GET", "/rate_limit")
        reply = self._sent(call, time.monotonic() + PATIENCE)
        return client.answer(reply, RateLimitStatus)

    def create_thing(self, draft: ThingDraft) -> int:
        """``POST /things``."""
        self._need_token()
        return client.answer(self._reply(client.create_thing(draft)), client.Created).id

    def update_thing(self, thing_id: int, change: ThingChange) -> None:
        """``PATCH /things/:id``, as a POST where the server takes no PATCH."""
        self._need_token()
        call = client.update_thing(thing_id, change)
        reply = self._reply(call)
        if reply.status in _NO_PATCH:
            reply = self._reply(client.as_post(call))
        client.done(reply)

    def delete_thing(self, thing_id: int) -> None:
        """``DELETE /things/:id``."""
        self._need_token()
        client.done(self._reply(Call("DELETE", client.things_path([thing_id]))))

    def _flattr(self, call: Call) -> Flattred:
        self._need_token()
        try:
            reply = self._reply(call)
        except BadAnswer as error:
            unclear = client.unclear_flattr(error)
        else:
            return client.flattred(reply)
        raise unclear

    def _flattrs(self, path: str, count: int, page: int, full: bool) -> list[Flattr]:
        call = client.get_page(path + "/flattrs", count, page, full)
        return client.answer(self._get(call), list[Flattr])

    def _user_path(self, username: str | None) -> str:
        if username is None:
            self._need_token()
        return client.user_path(username)

    def _need_token(self) -> None:
        if self._token is None:
            raise Unauthorized

    def _get(self, call: Call) -> Reply:
        """The reply to a GET, a redirect followed once."""
        deadline = time.monotonic() + PATIENCE
        reply = self._reply(call, deadline)
        if reply.status not in client.REDIRECTS:
            return reply
        reply = self._reply(self._call_at(client.location(reply), call.path), deadline)
        if reply.status in client.REDIRECTS:
            raise BadAnswer("It redirects again and again.")
        return reply

    def _call_at(self, location: str, path: str = "/") -> Call:
        """The call that a server's ``location``, in its answer to ``path``, stands for.

        Only what lies below ``api_url`` is called: the token goes along.
        """
        base = URL(self._api_url)
        prefix = base.raw_path.rstrip("/")
        try:
            there = URL(self._api_url + path, encoded=True).join(URL(location))
            is_ours = there.origin() == base.origin() and there.raw_path.startswith(prefix + "/")
        except ValueError:
            is_ours = False
        if not is_ours:
            raise BadAnswer("It leads away from the server's API, where your token must not go.")
        query = f"?{there.raw_query_string}" if there.raw_query_string else ""
        return Call("GET", there.raw_path.removeprefix(prefix) + query)

    def _reply(self, call: Call, deadline: float | None = None) -> Reply:
        """The reply, tried again once if it was refused only for the rate limit.

        That is safe for a flattr too: what was refused was not done.
        """
        deadline = deadline or time.monotonic() + PATIENCE
        waited = self._wait(deadline)
        reply = self._sent(call, deadline)
        if self._is_limited(reply):
            if waited:
                raise self._limited()
            self._wait(deadline)
            reply = self._sent(call, deadline)
            if self._is_limited(reply):
                raise self._limited()
        return reply

    def _wait(self, deadline: float) -> bool:
        """Waits until the server takes calls again; whether that was needed.

        Raises ``RateLimitExceeded``, without a call, where it would be too long.
        """
        seconds = self._gate.seconds()
        if not seconds:
            return False
        if seconds > min(MAX_WAIT, deadline - time.monotonic() - WORTH_A_TRY):
            raise self._limited()
        self._on_wait(seconds)
        time.sleep(seconds)
        return True

    def _limited(self) -> RateLimitExceeded:
        error = RateLimitExceeded(rate_limit=self._rate_limit)
        error.retry_after = self._gate.seconds()
        error.detail = f"It takes calls again in {in_words(error.retry_after)}."
        return error

    def _is_limited(self, reply: Reply) -> bool:
        """Whether the rate limit refused it; takes note of what ``reply`` says of that limit."""
        limit = client.rate_limit(reply.headers)
        self._rate_limit = limit or self._rate_limit
        seconds = seconds_to_reset(limit, reply.headers)
        if reply.status >= 400 and isinstance(client.refusal(reply), RateLimitExceeded):
            self._gate.close_for(UNKNOWN_PAUSE if seconds is None else seconds)
            return True
        if limit and not limit.remaining and seconds and seconds > 0:
            self._gate.close_for(seconds)
        return False

    def _sent(self, call: Call, deadline: float) -> Reply:
        """The reply, tried again once where that is safe and there is time.

        Safe is a GET, and anything that surely did not arrive.
        """
        is_get = call.method == "GET"
        try:
            reply = self._sent_once(call, deadline)
            if not (is_get and reply.status in _OVERLOADED):
                return reply
        except (Unreachable, AnswerLost) as error:
            is_safe = is_get or isinstance(error, Unreachable)
            if not is_safe or deadline - time.monotonic() < WORTH_A_TRY:
                raise
        time.sleep(PAUSE)
        return self._sent_once(call, deadline)

    def _sent_once(self, call: Call, deadline: float) -> Reply:
        headers = {"Content-Type": "application/json"} if call.body is not None else {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        timeout = min(TOTAL_TIMEOUT, max(1.0, deadline - time.monotonic()))
        url = self._api_url + call.path
        reply = run(request(call.method, url, headers=headers, body=call.body, timeout=timeout))
        return self._without_token(reply)

    def _without_token(self, reply: Reply) -> Reply:
        """A server that repeats the token, as in "no such token: …", must not make us show it."""
        if self._token is None:
            return reply
        return replace(reply, body=client.without(self._token.reveal(), reply.body))
