# SPDX-License-Identifier: Apache-2.0
"""test_config.py - the corpus of configurations through the executable; example and schema against each other."""

import json
import subprocess

import jsonschema
import pytest
import yaml

from agent import CONFIG, DONE, ROOT, USAGE

CORPUS = ROOT / "tests" / "unit" / "data" / "config"
BROKEN = sorted(path for path in CORPUS.glob("*.yaml") if not path.name.startswith("good-"))
GOOD = sorted(CORPUS.glob("good-*.yaml"))


def run(program, *arguments, input=None, **environment):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=20, input=input,
                          env={"PATH": "/usr/bin:/bin", "CLOUD_LINK_TEST": "sesame", **environment})


@pytest.fixture(scope="module")
def schema(program):
    return jsonschema.Draft202012Validator(json.loads(run(program, "config", "schema").stdout))


def load(text):
    """The document as JSON has it: keys are texts (`true:` maps the words that mean answered)."""
    def with_text_keys(value):
        if isinstance(value, dict):
            return {"true" if key is True else key: with_text_keys(inner) for key, inner in value.items()}
        return [with_text_keys(inner) for inner in value] if isinstance(value, list) else value
    return with_text_keys(yaml.safe_load(text))


def told_of(done):
    """The messages from the file's name onwards."""
    return done.stderr.replace(f"{CORPUS}/", "")


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_check_and_run_refuse_a_broken_file_with_the_same_words(program, path):
    expected = path.with_suffix(".expected").read_text()
    for command in (["check"], ["run", "--once"]):
        done = run(program, *command, "--config", path)
        assert (done.returncode, told_of(done), done.stdout) == (CONFIG, expected, ""), command


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_check_accepts_a_good_file_and_so_does_the_schema(program, schema, path):
    done = run(program, "check", "--config", path)
    assert done.returncode == DONE and done.stdout.startswith(f"{path}: ok, ")
    schema.validate(load(path.read_text(encoding="utf-8-sig")))


def test_check_as_json(program):
    done = run(program, "check", "--json", "--config", CORPUS / "name-twice.yaml")
    told = json.loads(done.stdout)
    assert done.returncode == CONFIG and done.stderr == ""
    assert told["ok"] is False and told["file"].endswith("name-twice.yaml") and len(told["messages"]) == 1
    told = json.loads(run(program, "check", "--json", "--config", CORPUS / "good-csv.yaml").stdout)
    assert told["ok"] is True and told["messages"] == [] and told["integrations"] == 3


def test_the_example_passes_once_its_secrets_are_stored(program, schema, tmp_path):
    text = (ROOT / "config" / "cloud-link.yaml").read_text()
    assert text == run(program, "config", "example").stdout
    schema.validate(load(text))
    path = tmp_path / "cloud-link.yaml"
    path.write_text(text.replace("#state_dir: /var/lib/cloud-link", f"state_dir: {tmp_path}/state"))
    assert run(program, "check", "--config", path).returncode == CONFIG
    for name in ("peopleware", "acd-db", "cms"):
        assert run(program, "secret", "set", name, "--config", path, input="x y\n").returncode == DONE
    done = run(program, "check", "--config", path)
    assert (done.returncode, done.stdout, done.stderr) == (DONE, f"{path}: ok, 3 integrations\n", "")


def uncommented(text):
    """The example with every commented key written out, but for those that exclude others."""
    excluding = ("connection_string", "query_file", "ends", "times", "include", "driver", "ca_file")
    lines = []
    for line in text.splitlines():
        word = line.strip().lstrip("#").split(":")[0]
        is_key = line.strip().startswith("#") and not line.strip().startswith("# ") and word not in excluding
        lines.append(line.replace("#", "", 1) if is_key else line)
    return "\n".join(lines)


def test_the_examples_defaults_are_what_they_say(program, schema, tmp_path):
    """Writing out each default changes nothing."""
    text = (ROOT / "config" / "cloud-link.yaml").read_text().replace("${secret:", "${env:")
    text = text.replace("acd-db}", "X}").replace("peopleware}", "X}").replace("cms}", "X}").replace("support-calls}", "X}")
    sparse, full = tmp_path / "sparse.yaml", tmp_path / "full.yaml"
    columns = text.index("    columns:\n")
    sparse.write_text(text)
    full.write_text(uncommented(text[:columns]) + "\n" + text[columns:])
    schema.validate(load(full.read_text()))
    shown = [json.loads(run(program, "config", "show", "--json", "--config", path, X="x").stdout)
             for path in (sparse, full)]
    values = [{entry["key"]: entry["value"] for entry in one} for one in shown]
    assert len(values[0]) > 60
    assert {key: values[1][key] for key in values[0]} == values[0]
    assert not [entry for entry in shown[1] if entry["from"] == "default" and "support-calls" in entry["key"]]


def test_a_reference_is_not_shown_resolved(program, tmp_path):
    path = CORPUS / "good-example.yaml"
    done = run(program, "config", "show", "--config", path)
    assert done.returncode == DONE and "sesame" not in done.stdout
    assert "integrations.support-calls.database.password: ****" in done.stdout
    assert "PWD=${env:CLOUD_LINK_TEST}" in done.stdout


@pytest.mark.parametrize("arguments", [("config",), ("config", "shown"), ("secret",), ("secret", "get", "x"),
                                       ("secret", "list", "x"), ("check", "x"), ("check", "--jso")])
def test_wrong_usage(program, arguments):
    done = run(program, *arguments)
    assert done.returncode == USAGE and "Usage: cloud-link" in done.stderr and not done.stdout
