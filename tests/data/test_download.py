"""Downloads against a web server in this process: a sound, a page, what is too large, too long or too slow."""

import gc
import http.server
import io
import threading
import time
import wave

import pytest

from earmark.audio.read import info
from earmark.data.download import Found, Limits, download, found_in, local
from earmark.errors import FetchError, OutputError, SettingError


def wav_bytes(seconds=1.0, rate=8000):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\x10\x00" * round(seconds * rate))
    return buffer.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *arguments):
        del arguments

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, *, body):
        self.server.asked.append(self.path)
        if self.path == "/tune.wav":
            self.send("audio/wav", wav_bytes(), body)
        elif self.path == "/page.html":
            self.send("text/html", b"<html><head><title>T</title></head><body>words</body></html>", body)
        elif self.path == "/huge.wav":
            self.send("audio/wav", wav_bytes(), body, length=10_000_000_000)
        elif self.path == "/untold.wav":
            self.send("audio/wav", wav_bytes(60.0, 48000), body, length=None)
        elif self.path == "/slow.wav":
            self.slow(body)
        elif self.path == "/lies.wav":
            self.send("audio/wav", b"this is no sound" * 100, body)
        else:
            self.send_error(404)

    def send(self, kind, data, body, length=0):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length or len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def slow(self, body):
        data = wav_bytes(30.0)
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        for start in range(0, len(data) if body else 0, 1024):
            self.wfile.write(data[start : start + 1024])
            time.sleep(0.1)


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that goes away early is what is tested."""


# yt-dlp leaves the connection of a page or of a refused download to the garbage collector; it shall run here, not in
# some other test.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def collected():
    yield
    gc.collect()


@pytest.fixture(scope="module")
def server():
    served = Quiet(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    served.asked = []
    thread = threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def address(server, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server.asked.clear()
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_a_sound_is_downloaded_as_it_is(address, tmp_path):
    said = []
    got = download(f"{address}/tune.wav", tmp_path / "new", say=said.append)
    assert got.path == tmp_path / "new" / "tune.wav"
    assert got.path.read_bytes() == wav_bytes()
    assert info(got.path).duration_s == 1.0
    assert said == ["tune is downloaded"]
    with pytest.raises(OutputError, match="is there already"):
        download(f"{address}/tune.wav", tmp_path / "new")


@pytest.mark.parametrize(
    ("name", "limits", "says"),
    [
        ("page.html", Limits(), "text/html"),
        ("huge.wav", Limits(), r"larger than 200 MB \(10000 MB\).*--max-mb"),
        ("untold.wav", Limits(size_mb=1), "larger than 1 MB.*--max-mb"),
        ("tune.wav", Limits(size_mb=0.001), "larger than 0.001 MB"),
        ("tune.wav", Limits(length_s=0.5), "minutes long.*--max-minutes"),
        ("slow.wav", Limits(time_s=0.5), "longer than 0.5 s.*--timeout"),
        ("lies.wav", Limits(), "is no sound file that earmark knows"),
        ("nowhere.wav", Limits(), "404"),
    ],
)
def test_what_is_no_sound_or_too_much_is_refused_and_leaves_nothing(address, tmp_path, name, limits, says):
    with pytest.raises(FetchError, match=says) as caught:
        download(f"{address}/{name}", tmp_path, limits=limits)
    assert caught.value.where == f"{address}/{name}"
    assert list(tmp_path.iterdir()) == []


def test_ten_gigabytes_are_refused_without_reading_them(address, server, tmp_path):
    began = time.monotonic()
    with pytest.raises(FetchError):
        download(f"{address}/huge.wav", tmp_path)
    assert time.monotonic() - began < 10
    assert server.asked


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(FetchError, match="cannot be downloaded"):
        download("http://127.0.0.1:9/x.wav", tmp_path)


def test_an_address_in_place_of_a_file_is_downloaded_once(address, server, tmp_path, monkeypatch):
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path))
    assert local("a.wav") == "a.wav"
    path = local(f"{address}/tune.wav")
    assert info(path).duration_s == 1.0
    server.asked.clear()
    assert local(f"{address}/tune.wav") == path
    assert server.asked == []
    with pytest.raises(FetchError):
        local(f"{address}/page.html")
    assert local(f"{address}/tune.wav") == path


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x.org/a.wav", "tune.wav"])
def test_only_the_web(url, tmp_path):
    with pytest.raises(SettingError, match="no address of the web"):
        download(url, tmp_path)


def test_limits_are_positive():
    with pytest.raises(SettingError, match="size_mb"):
        Limits(size_mb=0)


def test_what_a_search_returns():
    entry = {"id": "1", "title": "T", "uploader": "U", "duration": None, "url": "https://x.org/w?v=1", "channel": None}
    assert found_in(entry) == Found("T", "U", None, "https://x.org/w?v=1")
