"""The page where a person draws a digit, the one about the API, and their files."""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from falcon.asgi import Request, Response

from mnist_api.errors import NotFound

_MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "index.html": "text/html; charset=utf-8",
        "app.js": "text/javascript; charset=utf-8",
        "style.css": "text/css; charset=utf-8",
        "icon.svg": "image/svg+xml",
        "docs.html": "text/html; charset=utf-8",
        "docs.js": "text/javascript; charset=utf-8",
        "docs.css": "text/css; charset=utf-8",
    }
)

_CORRECTIONS = b'data-corrections="off"', b'data-corrections="on"'
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


class PageResource:
    """Serves `/` and `/static/{file}` from memory: nothing a client sends reaches a file system."""

    def __init__(self, *, takes_corrections: bool) -> None:
        """Read the files; with a token set, the page is told that corrections are taken."""
        folder = files("mnist_api") / "web"
        self._files = {name: (folder / name).read_bytes() for name in _MEDIA_TYPES}
        if takes_corrections:
            page = self._files["index.html"]
            self._files["index.html"] = page.replace(*_CORRECTIONS, 1)

    async def on_get_docs(self, req: Request, resp: Response) -> None:
        """Answer the page that shows the API's description."""
        await self.on_get(req, resp, "docs.html")

    async def on_get(self, req: Request, resp: Response, file: str = "index.html") -> None:
        """Answer one file of the page.

        Raises:
            NotFound: the page has no such file.
        """
        if file not in self._files:
            raise NotFound("the page has no such file")
        resp.content_type = _MEDIA_TYPES[file]
        resp.set_header("Content-Security-Policy", _POLICY)
        resp.set_header("Cache-Control", "no-cache")
        resp.data = self._files[file]
