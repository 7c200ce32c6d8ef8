"""The service with one more resource, which does nothing: the yardstick of all the others."""

from falcon.asgi import App, Request, Response

from mnist_api import asgi


class NoopResource:
    """Reads the body and answers a constant."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer `{}`."""
        await req.stream.read()
        resp.data = b"{}"


def application() -> App[Request, Response]:
    """Build the service's app and add `/noop`."""
    app = asgi.application()
    app.add_route("/noop", NoopResource())
    return app
