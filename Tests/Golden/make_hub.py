"""What huggingface_hub makes of a repository in its cache: hub/cache.json.

A server on loopback stands in for the hub; the files are texts, some of them stored as large files.
"""

import hashlib
import http.server
import json
import os
import pathlib
import tempfile
import threading

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": '{"model_type": "llama"}\n',
    "tokenizer.json": "{}\n",
    "model.safetensors": "weights, in a manner of speaking\n" * 4,
    "2_Dense/deeper/model.safetensors": "others\n" * 9,
    "copy/config.json": '{"model_type": "llama"}\n',
    "empty.txt": "",
}
LARGE = ["model.safetensors", "2_Dense/deeper/model.safetensors"]


def git_hash(text):
    return hashlib.sha1(b"blob %d\0" % len(text) + text).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path.startswith("/api/models/org/tiny/tree/"):
            entries = []
            for name, text in FILES.items():
                data = text.encode()
                entry = {"type": "file", "path": name, "size": len(data), "oid": git_hash(data)}
                if name in LARGE:
                    entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
                entries.append(entry)
            return self.answer(json.dumps(entries).encode())
        if path.startswith("/api/models/org/tiny"):
            siblings = [{"rfilename": name} for name in FILES]
            info = {"id": "org/tiny", "sha": COMMIT, "siblings": siblings, "private": False, "tags": [], "downloads": 0, "likes": 0}
            return self.answer(json.dumps(info).encode())
        if path.startswith("/blobs/"):
            return self.answer(FILES[path[len("/blobs/") :]].encode(), ETag='"storage"')
        name = path.removeprefix(f"/org/tiny/resolve/{COMMIT}/")
        if name not in FILES:
            return self.answer(b"", 404, X_Error_Code="EntryNotFound")
        data = FILES[name].encode()
        if name in LARGE:
            digest = hashlib.sha256(data).hexdigest()
            return self.answer(
                b"", 302, X_Repo_Commit=COMMIT, X_Linked_Etag=f'"{digest}"', X_Linked_Size=str(len(data)),
                Location=f"http://localhost:{self.server.server_port}/blobs/{name}",
            )
        self.answer(data, X_Repo_Commit=COMMIT, ETag=f'"{git_hash(data)}"')

    do_HEAD = do_GET


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        import huggingface_hub

        huggingface_hub.snapshot_download("org/tiny", cache_dir=folder)
        listing = {}
        for path in sorted(pathlib.Path(folder).rglob("*")):
            name = str(path.relative_to(folder))
            # Locks come and go, the listing of the tree is the library's own, and so are the words of the tag.
            if name.startswith(".locks/") or "/trees/" in name or name == "CACHEDIR.TAG":
                continue
            if path.is_symlink():
                listing[name] = f"-> {os.readlink(path)}"
            elif path.is_file():
                listing[name] = path.read_text()
        output = pathlib.Path(__file__).parent / "hub" / "cache.json"
        output.parent.mkdir(exist_ok=True)
        output.write_text(json.dumps({"files": FILES, "large": LARGE, "listing": listing}, indent=1) + "\n")


main()
