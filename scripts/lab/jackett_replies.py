"""Reply forms of the Jackett stand-in that have nothing to do with releases."""

from collections.abc import Mapping
import json as json_module

from aiohttp import web

from scripts.lab.jackett_feed import Json, error_xml


def json(body: Mapping[str, Json], *, status: int = 200) -> web.Response:
    """A JSON reply."""
    text = json_module.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(status=status, text=text, content_type="application/json")


def xml(text: str, *, rss: bool = False) -> web.Response:
    """An XML reply; feeds and capabilities call themselves RSS."""
    content_type = "application/rss+xml" if rss else "application/xml"
    return web.Response(text=text, content_type=content_type, charset="utf-8")


def error(code: int, description: str, *, status: int = 200) -> web.Response:
    """A Torznab error; most come with HTTP 200, and those name no charset."""
    body = error_xml(code, description).encode()
    charset = "" if status == 200 else "; charset=utf-8"
    headers = {"Content-Type": f"application/xml{charset}"}
    return web.Response(status=status, body=body, headers=headers)


def finish(request: web.Request, response: web.Response) -> None:
    """Add what Jackett's web server adds; feeds are not on its compression list."""
    response.headers["Server"] = "Kestrel"
    compressible = response.content_type in ("application/json", "application/xml")
    accepted = request.headers.get("Accept-Encoding", "")
    if compressible and "gzip" in accepted and request.scheme == "http":
        response.enable_compression(web.ContentCoding.gzip)


def login(request: web.Request, page: str, *, with_password: bool) -> web.Response:
    """The dance that a client gets into when it follows the redirect of a cookie route."""
    if page == "login" and "cookiesChecked" not in request.query:
        response = web.Response(status=302, headers={"Location": "TestCookie"})
        response.set_cookie("TestCookie", "1")
        return response
    if page == "testcookie":
        if "TestCookie" not in request.cookies:
            return web.Response(status=400, text="Cookies required")
        return web.Response(status=302, headers={"Location": "Login?cookiesChecked=1"})
    if page == "login" and not with_password:
        response = web.Response(status=302, headers={"Location": "Dashboard"})
        response.set_cookie("Jackett", "CfDJ8stand-in", max_age=14 * 86400)
        return response
    html = "<!DOCTYPE html><html><head><title>Jackett</title></head><body></body></html>"
    return web.Response(text=html, content_type="text/html")
