"""The limit of aiohttp.web: reads the body, and answers with the same bytes as a flattr does."""

import asyncio
import json
import sys

from aiohttp import web

THING = {"type": "thing", "resource": "http://127.0.0.1:8765/rest/v2/things/1",
         "link": "http://127.0.0.1:8765/thing/1", "id": 1, "flattrs": 1,
         "url": "https://github.com/smgt/n1", "title": "smgt/n1", "image": ""}  # fmt: skip
BODY = json.dumps(
    {"message": "ok", "description": "Thing was successfully flattred", "thing": THING}
).encode()


async def answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=BODY, content_type="application/json", charset="utf-8")


async def main() -> None:
    app = web.Application()
    app.router.add_post("/rest/v2/flattr", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(json.dumps({"api_url": f"http://{host}:{port}/rest/v2"}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
