"""Every answer waits for a moment. The AWS SDK for Go loses one that comes before it knows that its request is out, and
asks again for what has been done already (aws-sdk-go-v2#2737). AWS is never that near; an emulator on a busy machine is."""

from time import sleep

from werkzeug.serving import WSGIRequestHandler

_run = WSGIRequestHandler.run_wsgi


def later(self: WSGIRequestHandler) -> None:
    sleep(0.02)
    _run(self)


WSGIRequestHandler.run_wsgi = later  # type: ignore[method-assign]
