"""An S3 server for the tests: moto, in this process, on a port of its own on loopback.

It says `{"port": ...}`, and then answers one line of JSON for each line on standard input: its own faults are asked for
there too. It ends when standard input does, so that a test that fails leaves nothing behind.

    put KEY FILE            an object of the file's bytes, in the bucket `extracts`, which is there
    folder PREFIX FOLDER    an object for every file below a folder
    many PREFIX COUNT       objects of one byte
    users                   from now on only the user whose key it answers with may do anything
    say MODE                `whole`; `status N`; `cut N`: after so many bytes of objects every connection ends;
                            `stutter N`: each ends after so many bytes, and the next goes on;
                            `replace N KEY FILE`: after so many GETs of the object it is another
    asked                   the requests since the last time: method, path, first and last byte
"""

import json
import logging
import os
import sys
import threading
import urllib.request
from pathlib import Path

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "1000000000"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

import boto3  # noqa: E402
from moto import settings  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

BUCKET = "extracts"
# Nobody's: what is signed by nobody may not be replaced, and until there are users nobody looks at the signature.
SIGNED = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"


class Faulty:
    """The server, with whatever fault was asked for."""

    def __init__(self, inner):
        self.inner, self.mode, self.asked = inner, ["whole"], []

    def __call__(self, environ, start):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if environ.get("HTTP_X_TEST"):
            return self.inner(environ, start)
        self.asked.append([method, path, environ.get("HTTP_RANGE", "")])
        if self.mode[0] == "status":
            start(f"{self.mode[1]} Asked For", [("Content-Type", "text/plain")])
            return [b"the address, the row and the password that a server may quote: CANARY-BODY"]
        if self.mode[0] == "replace" and method == "GET" and path.endswith(self.mode[2]):
            self.mode[1] = int(self.mode[1]) - 1
            if self.mode[1] < 0:
                put(self.mode[2], Path(self.mode[3]).read_bytes())
                self.mode = ["whole"]
        body = self.inner(environ, start)
        is_object = method == "GET" and "list-type" not in environ.get("QUERY_STRING", "")
        return self.cut(b"".join(body)) if self.mode[0] in ("cut", "stutter") and is_object else body

    def cut(self, body):
        left = int(self.mode[1])
        if self.mode[0] == "cut":
            self.mode[1] = max(0, left - len(body))
        yield body[:left]
        if left < len(body):
            raise ConnectionAbortedError


def put(key, content):
    # Without a type of its own the content would be taken for a form, and read as one.
    headers = {"X-Test": "1", "Content-Type": "application/octet-stream", "Authorization": SIGNED}
    request = urllib.request.Request(f"{address}/{BUCKET}/{key}", data=content, method="PUT", headers=headers)
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()


def users():
    given = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x", "endpoint_url": address}
    iam = boto3.client("iam", **given)
    iam.create_user(UserName="smirr")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="smirr", PolicyName="all", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName="smirr")["AccessKey"]
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    return [key["AccessKeyId"], key["SecretAccessKey"]]


def answer(words):
    command, *rest = words
    if command == "put":
        put(rest[0], Path(rest[1]).read_bytes())
    elif command == "folder":
        for file in sorted(path for path in Path(rest[1]).rglob("*") if path.is_file()):
            put(f"{rest[0]}/{file.relative_to(rest[1])}", file.read_bytes())
    elif command == "many":
        for number in range(int(rest[1])):
            put(f"{rest[0]}/{number:05}.csv", b"x")
    elif command == "users":
        return users()
    elif command == "say":
        application.mode = rest
    elif command == "asked":
        asked, application.asked = application.asked, []
        return asked
    else:
        raise ValueError(command)
    return "done"


logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
application = Faulty(DomainDispatcherApplication(create_backend_app))
server = make_server("127.0.0.1", 0, application, threaded=True)
server.log = lambda *_: None
address = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
    urllib.request.Request(f"{address}/{BUCKET}", method="PUT", headers={"X-Test": "1"}), timeout=30
).close()
print(json.dumps({"port": server.server_port}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(line.split())), flush=True)
