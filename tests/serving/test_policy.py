"""Who may write where, as a file says it; who may listen where."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from rtml.errors import UsageError
from rtml.serving.policy import read_policy, where
from rtml.serving.refusing import Refusal

TOKEN = "t" * 20
HASH = hashlib.sha256(TOKEN.encode()).hexdigest()
GOOD = f"{{name: a, sha256: {HASH}, accounts: [one], clusters: [two]}}"

MISTAKES = {
    "tokens: []": "no token is listed",
    "token: []": "unknown key 'token'; did you mean 'tokens'",
    "tokens: [{name: a, token: x, accounts: [b], clusters: [c]}]": "tokens never stand in this file",
    "tokens: [{name: a, accounts: [b], clusters: [c]}]": "a: give either sha256 or env",
    f"tokens: [{GOOD[:-1]}, env: X}}]": "give either sha256 or env",
    "tokens: [{name: a, sha256: abc, accounts: [b], clusters: [c]}]": "sha256",
    "tokens: [{name: a, env: RTML_NONE, accounts: [b], clusters: [c]}]": "RTML_NONE is not set",
    "tokens: [{name: a, env: RTML_SHORT, accounts: [b], clusters: [c]}]": "fewer than 16 letters",
    f"tokens: [{GOOD}, {GOOD}]": "two entries have one token",
    f"tokens: [{GOOD[:-1]}, sensors: [falko]}}]": "unknown sensor 'falko'; did you mean 'falco'",
    f"tokens: [{GOOD[:-1]}, bytes_per_second: true}}]": "a number is wanted",
    f"tokens: [{GOOD[:-1]}, account: one}}]": "unknown key 'tokens.0.account'",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str):
    path = tmp_path / "tokens.yml"
    path.write_text(text)
    with pytest.raises(UsageError, match=MISTAKES[text].replace("[", r"\[")) as found:
        read_policy(path, {"RTML_SHORT": "short"})
    assert str(path) in str(found.value)


def test_who_may_write_for_one_need_not_say_it(tmp_path: Path):
    (tmp_path / "tokens.yml").write_text(f"tokens: [{GOOD}]")
    policy = read_policy(tmp_path / "tokens.yml")
    client = policy.who(f"bearer {TOKEN}")
    assert where(client, {"sensor": "falco"}).folder == "one/two/falco"
    with pytest.raises(Refusal, match="not known"):
        policy.who(f"Bearer {TOKEN}x")


def test_without_tokens_what_is_not_said_is_unknown():
    assert where(None, {"sensor": "falco", "cluster": "c"}).folder == "unknown/c/falco"


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rtml.cli", "capture", "serve", *arguments]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], "tokens and TLS (certificate and key) are missing"),
        (["--host", "::", "--tokens", "{tokens}"], "TLS (certificate and key) is missing"),
        (["--certificate", "{tokens}"], "a certificate needs its key"),
        (["--tokens", "absent.yml"], "No such file"),
        (["--host", "no.such.host.invalid", "--insecure"], "cannot listen there"),
        (["--certificate", "{tokens}", "--key", "{tokens}"], "certificate and key cannot be read"),
    ],
)
def test_it_does_not_listen_where_it_must_not(tmp_path: Path, arguments: list[str], told: str):
    pytest.importorskip("uvicorn", reason="rtml[serve] is not installed")
    (tmp_path / "tokens.yml").write_text(f"tokens: [{GOOD}]")
    filled = [text.replace("{tokens}", str(tmp_path / "tokens.yml")) for text in arguments]
    done = subprocess.run(
        _command("--out", str(tmp_path / "out"), *filled),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_tls_by_a_given_certificate(tmp_path: Path):
    pytest.importorskip("uvicorn", reason="rtml[serve] is not installed")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 1".split()
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*made, *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here to make a certificate")
    (tmp_path / "tokens.yml").write_text(f"tokens: [{GOOD}]")
    options = ["--port", "0", "--out", str(tmp_path / "out"), "--tokens", str(tmp_path / "tokens.yml")]
    given = ["--certificate", str(certificate), "--key", str(key)]
    process = subprocess.Popen(_command(*options, *given), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]
    try:
        assert address.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(certificate))
        with httpx.Client(verify=trusting) as client:
            assert client.get(address + "/ready").text == "ready\n"
            asked = client.post(address + "/v1/events?sensor=falco", content=b"x")
            assert asked.status_code == 401
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()
